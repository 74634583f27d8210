"use strict";
const form = document.getElementById("find"), answer = document.getElementById("answer");
form.hidden = false;
form.noValidate = true;
form.addEventListener("submit", event => {
  event.preventDefault();
  const at = document.getElementById("at").value;
  if (!at) { answer.textContent = form.dataset.noTime; return; }
  const rows = [...document.querySelectorAll(`tbody[data-deployment="${CSS.escape(document.getElementById("where").value)}"] tr`)];
  const row = rows.find(({dataset: {from, to}}) => from < to ? from <= at && at < to : from <= at || at < to);
  const text = !row ? form.dataset.notRunning : row.dataset.gone ? form.dataset.gone : form.dataset.notGone;
  answer.textContent = text.replace("{from}", row?.dataset.from).replace("{to}", row?.dataset.to).replace("{gone}", row?.dataset.gone);
});
