// Places cameras on the plan of a deployment's place: by a click, or with the arrow keys.
// Draws with text nodes and attributes only: names of cameras are never read as HTML.

const STEP = 0.01;
const LARGE_STEP = 0.05;
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const within = (value) => Math.min(1, Math.max(0, Math.round(value * 1000) / 1000));
const hundredths = (value) => Math.round(100 * value);

function describe(camera, at) {
  if (!at) return `${camera}: not on the plan`;
  return `${camera}: ${hundredths(at[0])} % from the left, ${hundredths(at[1])} % from above`;
}

function make(name, attributes, text) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".plan");
  // what is being placed stays while the page around it is drawn anew, until other places were kept
  if (!root.plan || root.plan.kept !== data.kept) {
    root.plan = { kept: data.kept, marks: structuredClone(data.marks), chosen: data.cameras[0] };
  }
  const plan = root.plan;
  const picture = parentElement.querySelector(".plan-picture");
  const image = parentElement.querySelector("img");
  const list = parentElement.querySelector(".plan-cameras");
  const said = parentElement.querySelector(".plan-said");
  image.src = data.picture;
  image.alt = data.words;

  function change(camera, at) {
    if (at) plan.marks[camera] = [within(at[0]), within(at[1])];
    else delete plan.marks[camera];
    said.textContent = `${describe(camera, plan.marks[camera])}.`;
    setStateValue("marks", structuredClone(plan.marks));
    draw();
  }

  function choose(camera) {
    plan.chosen = camera;
    draw();
  }

  function press(event, camera) {
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      change(camera, null);
      return;
    }
    const move = MOVES[event.key];
    if (!move) return;
    event.preventDefault();
    plan.chosen = camera;
    const step = event.shiftKey ? LARGE_STEP : STEP;
    const at = plan.marks[camera];
    change(camera, at ? [at[0] + move[0] * step, at[1] + move[1] * step] : [0.5, 0.5]);
  }

  function draw() {
    const held = parentElement.activeElement ?? document.activeElement;
    const focused = held && held.dataset ? held.dataset.camera : undefined;
    list.replaceChildren(
      ...data.cameras.map((camera, index) => {
        const row = make("li", {});
        const chosen = camera === plan.chosen;
        const button = make("button", { type: "button", "aria-pressed": String(chosen), "data-camera": camera });
        button.append(make("b", {}, String(index + 1)), ` ${describe(camera, plan.marks[camera])}`);
        button.onclick = () => choose(camera);
        button.onkeydown = (event) => press(event, camera);
        row.append(button);
        if (plan.marks[camera]) {
          const off = make("button", { type: "button", class: "plan-off", "aria-label": `Take ${camera} off the plan` }, "Take off");
          off.onclick = () => change(camera, null);
          row.append(off);
        }
        return row;
      }),
    );
    for (const old of picture.querySelectorAll(".plan-mark")) old.remove();
    data.cameras.forEach((camera, index) => {
      const at = plan.marks[camera];
      if (!at) return;
      const mark = make("span", { class: "plan-mark", "aria-hidden": "true", "data-chosen": String(camera === plan.chosen) }, String(index + 1));
      mark.style.left = `${100 * at[0]}%`;
      mark.style.top = `${100 * at[1]}%`;
      picture.append(mark);
    });
    if (focused) [...list.querySelectorAll("[data-camera]")].find((each) => each.dataset.camera === focused)?.focus();
  }

  picture.onclick = (event) => {
    const box = image.getBoundingClientRect();
    change(plan.chosen, [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
  };
  draw();
}
