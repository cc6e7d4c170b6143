// The upload form: dropping, a list of what will be sent, progress and cancel. Without this script the form works as it is.
"use strict";
(() => {
  const form = document.getElementById("upload");
  const input = document.getElementById("files");
  const camera = document.getElementById("camera");
  const address = document.getElementById("address");
  const drop = document.getElementById("drop");
  const list = document.getElementById("list");
  const wrong = document.getElementById("wrong");
  const progress = document.getElementById("progress");
  const bar = progress.querySelector("progress");
  const sent = document.getElementById("sent");
  const send = document.getElementById("send");
  const sending = document.getElementById("sending");
  const model = document.getElementById("model");
  const compare = document.getElementById("compare");
  const mostBytes = Number(form.dataset.mostBytes);
  const mostFiles = Number(form.dataset.mostFiles);
  let chosen = [];
  let request = null;

  const megabytes = (bytes) => (bytes < 1e5 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

  function say(sentence) {
    wrong.textContent = "";
    wrong.hidden = !sentence;
    if (!sentence) return;
    const p = document.createElement("p");
    p.textContent = sentence;
    wrong.append(p);
    wrong.focus();
  }

  function show() {
    list.textContent = "";
    list.hidden = chosen.length === 0;
    chosen.forEach((file, index) => {
      const name = Object.assign(document.createElement("span"), { className: "name", textContent: file.name });
      const size = Object.assign(document.createElement("span"), { className: "size", textContent: megabytes(file.size) });
      const remove = Object.assign(document.createElement("button"), { type: "button", textContent: "Remove" });
      remove.setAttribute("aria-label", `Remove ${file.name}`);
      remove.addEventListener("click", () => {
        chosen.splice(index, 1);
        show();
        (list.querySelectorAll("button")[Math.min(index, chosen.length - 1)] || choose).focus();
      });
      const row = document.createElement("li");
      row.append(name, size, remove);
      list.append(row);
    });
  }

  function add(files) {
    say("");
    for (const file of files) {
      const known = chosen.some((f) => f.name === file.name && f.size === file.size && f.lastModified === file.lastModified);
      if (!known) chosen.push(file);
    }
    show();
  }

  function fault() {
    if (!chosen.length && !address.value.trim()) return "Nothing is chosen yet. Choose a picture or a video, or enter the address of one.";
    if (chosen.length > mostFiles) return `${chosen.length} files are too many: send at most ${mostFiles} at once.`;
    const empty = chosen.find((file) => file.size === 0);
    if (empty) return `“${empty.name}” is empty. Remove it and choose another.`;
    const total = chosen.reduce((sum, file) => sum + file.size, 0);
    if (total > mostBytes) return `Together the files have ${megabytes(total)}, and at most ${megabytes(mostBytes)} are taken. Remove some, or send a shorter video.`;
    return "";
  }

  function ended() {
    request = null;
    send.disabled = false;
    sending.hidden = progress.hidden = true;
  }

  function submit(event) {
    event.preventDefault();
    if (request) return;
    const sentence = fault();
    say(sentence);
    if (sentence) return;
    const data = new FormData();
    for (const file of chosen) data.append("files", file, file.name);
    data.append("address", address.value.trim());
    for (const choice of [model, compare]) data.append("models", choice.value);
    request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", (e) => {
      if (!e.lengthComputable) return;
      bar.value = e.loaded / e.total;
      sent.textContent = e.loaded < e.total ? `Sent ${megabytes(e.loaded)} of ${megabytes(e.total)}` : "All is sent; the server has a look at it.";
    });
    request.addEventListener("load", () => {
      const answer = request.response || {};
      if (request.status < 300 && answer.page) {
        location.assign(answer.page);
        return;
      }
      const words = [answer.title, answer.detail].filter(Boolean).join(" ");
      ended();
      say(words || "The server gave no answer that can be read. Try again.");
    });
    request.addEventListener("error", () => {
      ended();
      say("The connection broke off, or the server refused so much at once. Check the network and try again.");
    });
    request.addEventListener("abort", ended);
    bar.value = 0;
    sent.textContent = "Sending…";
    send.disabled = true;
    sending.hidden = progress.hidden = false;
    request.send(data);
  }

  input.addEventListener("change", () => {
    add(input.files);
    input.value = "";
  });
  camera.addEventListener("change", () => {
    add(camera.files);
    camera.value = "";
  });
  const choose = document.getElementById("choose");
  const take = document.getElementById("take");
  const hasTouch = navigator.maxTouchPoints > 0;
  choose.hidden = false;
  input.hidden = true;
  choose.addEventListener("click", () => input.click());
  take.hidden = !hasTouch;
  take.addEventListener("click", () => camera.click());
  document.getElementById("drop-hint").hidden = hasTouch;
  document.getElementById("stop").addEventListener("click", () => request && request.abort());
  // Back from the results with the browser's own button: the form is as it was, ready for another one.
  addEventListener("pageshow", (event) => event.persisted && ended());

  // The whole page takes what is dropped: a browser would open a file that misses the frame, and the page be gone.
  for (const kind of ["dragenter", "dragover"]) {
    addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  addEventListener("dragleave", (event) => event.relatedTarget === null && drop.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    add(event.dataTransfer.files);
    const link = event.dataTransfer.getData("text/uri-list").split("\n")[0];
    if (!event.dataTransfer.files.length && /^https?:/.test(link)) address.value = link;
  });
  addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) {
      event.preventDefault();
      add(event.clipboardData.files);
    }
  });

  // One card at a time: that of the model that is chosen, and of the one it is compared with.
  function cards() {
    for (const option of compare.options) option.disabled = option.value === model.value;
    if (compare.value === model.value) compare.value = "";
    for (const card of document.querySelectorAll("[data-model]")) {
      card.hidden = ![model.value, compare.value].includes(card.dataset.model);
    }
  }
  model.addEventListener("change", cards);
  compare.addEventListener("change", cards);
  cards();
  form.addEventListener("submit", submit);
})();
