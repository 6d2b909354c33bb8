// What a program must call: only the browser knows under which address it reaches the page.
addEventListener(
  "toggle",
  ({ target }) => {
    for (const here of target.querySelectorAll(".here")) here.textContent = location.origin + location.pathname;
  },
  true, // this event does not bubble
);

addEventListener("click", async ({ target }) => {
  const button = target.closest("button.copy-code");
  if (!button) return;
  const code = button.previousElementSibling;
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(code); // the browser does not let the page copy: the visitor can
  }
});
