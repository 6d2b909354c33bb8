// Gradio makes every radio button a group of its own, in which no arrow leads on, and leaves the groups without names.
function grouped({ target }) {
  const group = target.matches?.("fieldset input") && target.closest("fieldset");
  const name = group && group.querySelector("[data-testid=block-info]");
  if (!name) return;
  group.setAttribute("aria-label", name.textContent.trim());
  if (target.type === "radio") for (const other of group.querySelectorAll("input[type=radio]")) other.name = target.name;
}

addEventListener("focusin", grouped);
addEventListener("keydown", grouped, true); // the names are as before once a choice was drawn anew
