// Ask the worker that runs the nets, so that the page stays awake while they compute.
const program = new URL("worker.js", import.meta.url).href;
// A worker from a blob keeps the page's Content-Security-Policy; one from a file would have none.
const source = new Blob([`import ${JSON.stringify(program)};`], { type: "text/javascript" });
const waiting = new Map();
let worker = null, count = 0;

function start() {
  worker = new Worker(URL.createObjectURL(source), { type: "module" });
  worker.onmessage = ({ data: { id, error, ...answer } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    error === undefined ? resolve(answer) : reject(Error(error));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    for (const { reject } of waiting.values()) reject(Error("The worker that runs the net can't be started: use a newer browser."));
    waiting.clear();
  };
}

// Resolve to the worker's answer; reject with an Error whose message is for the page.
export function ask(kind, message) {
  if (!worker) start();
  return new Promise((resolve, reject) => {
    waiting.set(++count, { resolve, reject });
    worker.postMessage({ id: count, kind, ...message });
  });
}
