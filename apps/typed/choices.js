// Reads the choices, days and times on a page that apps/typed/choices.py draws: what each shows, as text.
// Nothing is put into one here: a list has to be opened for it. The server begins with it instead, and draws it so.

export const CHOICE = '[class*="st-key-choice-"]';

const SEGMENT = '[role="spinbutton"]';

// Days and times are set part by part: null for one that is half set.
function dated(block, input) {
  const parts = [...block.querySelectorAll(SEGMENT)];
  const empty = parts.filter((part) => part.hasAttribute("data-placeholder")).length;
  return empty && empty < parts.length ? null : input?.value ?? null;
}

const READ = {
  stSelectbox: (block) => {
    const box = block.querySelector("input");
    return !box || box.getAttribute("aria-expanded") === "true" ? null : box.value; // open: what is being sought
  },
  stRadio: (block) => block.querySelector("input:checked")?.closest("label")?.querySelector("p")?.textContent ?? null,
  stMultiSelect: (block) => [...block.querySelectorAll("[data-tag]")]
    .map((tag) => tag.getAttribute("aria-label")).join("\n"),
  stCheckbox: (block) => (block.querySelector("input")?.checked ? "yes" : "no"),
  stDateInput: (block) => dated(block, block.querySelector('input[type="date"]')),
  stTimeInput: (block) => dated(block, block.querySelector('input[type="hidden"]')),
};

// What it shows; null where that can't be told now.
export function shown(block) {
  const kind = block.querySelector("[data-testid]")?.dataset.testid;
  return READ[kind]?.(block) ?? null;
}

export const labelOf = (block) => block.querySelector('[data-testid="stWidgetLabel"]')?.textContent.trim() ?? "";
