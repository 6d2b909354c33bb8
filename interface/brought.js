// Gradio takes a folder that is dropped for a file and refuses it: the files of a checkpoint in it are dropped instead.
const PAPERS = /^[^.].*\.(safetensors|json|md)$/;

async function filesIn(folder) {
  const files = [];
  const reader = folder.createReader();
  for (let some; (some = await new Promise((done, failed) => reader.readEntries(done, failed))).length; )
    for (const entry of some)
      if (entry.isFile) files.push(await new Promise((done, failed) => entry.file(done, failed)));
  const papers = files.filter(({ name }) => PAPERS.test(name));
  return papers.length ? papers : files; // what is no checkpoint is refused by its name
}

addEventListener(
  "drop",
  async (event) => {
    const items = event.target.closest?.(".checkpoint-files") ? [...event.dataTransfer.items] : [];
    const folders = items.map((item) => item.webkitGetAsEntry()).filter((entry) => entry?.isDirectory);
    if (!folders.length) return;
    event.preventDefault();
    event.stopPropagation();
    const { target } = event;
    const dropped = new DataTransfer();
    for (const folder of folders) for (const file of await filesIn(folder)) dropped.items.add(file);
    target.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: dropped }));
  },
  true, // before Gradio sees it
);
