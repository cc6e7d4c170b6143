// Keeps the figures of the live page and of the wall view up to date: server-sent events, taken up again by itself.
"use strict";
(() => {
  const live = document.getElementById("live");
  const lost = document.getElementById("lost");
  const genders = ["female", "male", "undecided"];
  const states = { none: "Nothing counted yet", counting: "Counting", paused: "Paused", waiting: "Source lost", blank: "No usable picture", failed: "Source failed", over: "Over" };
  const whole = new Intl.NumberFormat("en");
  const svg = "http://www.w3.org/2000/svg";
  const mostHours = 12;
  let stream = null;
  let waitMs = 1000;
  let timer = 0;
  // The server says something at least this often. One that was put to sleep, or a network that is gone, breaks nothing
  // off: only the silence tells, and the figures would stand there as if they were those of now.
  const silenceMs = Number(live.dataset.silence);
  let lastNews = Date.now();
  let heardAt = Date.now();

  const two = (n) => String(n).padStart(2, "0");
  // Times are those of the place that counts, as the server writes them, whatever clock this device has.
  const clock = (iso, seconds = false) => iso.slice(11, seconds ? 19 : 16);

  function text(name, words) {
    for (const element of document.querySelectorAll(`[data-text="${name}"]`)) {
      // A live region would be read out anew for the same words.
      if (element.textContent !== words) element.textContent = words;
    }
  }

  function shown(name, is) {
    for (const element of document.querySelectorAll(`[data-if="${name}"]`)) element.hidden = !is;
  }

  function element(tag, words, className = "") {
    const made = document.createElement(tag);
    made.textContent = words;
    made.className = className;
    return made;
  }

  // As Python rounds: halves to the even neighbour.
  function minutes(seconds) {
    const exact = seconds / 60;
    const below = Math.floor(exact);
    return exact - below === 0.5 ? below + (below % 2) : Math.round(exact);
  }

  function hourRow(hour, most) {
    const chart = document.createElementNS(svg, "svg");
    chart.setAttribute("viewBox", `0 0 ${most} 1`);
    chart.setAttribute("preserveAspectRatio", "none");
    chart.setAttribute("aria-hidden", "true");
    let x = 0;
    for (const gender of genders) {
      const bar = document.createElementNS(svg, "rect");
      for (const [name, value] of Object.entries({ class: gender, x, y: 0, width: hour[gender], height: 1 })) bar.setAttribute(name, value);
      chart.append(bar);
      x += hour[gender];
    }
    const head = element("th", clock(hour.start));
    head.scope = "row";
    const cell = element("td", "", "bar");
    const missing = hour.missed_s > 0 && hour.watched_s <= 0 && hour.people === 0;
    if (missing) chart.setAttribute("class", "missing");
    cell.append(chart);
    const words = missing ? "not watched" : hour.missed_s >= 60 ? `${minutes(hour.missed_s)} min not watched` : "";
    if (words) cell.append(element("span", words, "muted"));
    const row = document.createElement("tr");
    row.append(head, cell, element("td", missing ? "–" : whole.format(hour.people), "number"));
    return row;
  }

  function tile(name, large, small) {
    const made = document.createElement("li");
    made.append(element("span", name), element("strong", large), element("span", small, "muted"));
    return made;
  }

  function doorWords(door) {
    return door.message || genders.map((g) => `${whole.format(door.totals[g])} ${g}`).join(", ");
  }

  function placeWords(place) {
    if (place.kind === "line") return [`${whole.format(place.into)} in, ${whole.format(place.out)} out`, "people who crossed the line"];
    const stay = place.mean_stay_s === null ? "" : `, ${Math.round(place.mean_stay_s)} s each on average`;
    return [`${whole.format(place.inside)} inside now`, `${whole.format(place.visits)} visit${place.visits === 1 ? "" : "s"}${stay}`];
  }

  function nowWords(figures) {
    const parts = [];
    if (figures.in_view !== null) parts.push(`${whole.format(figures.in_view)} in view now`);
    if (figures.looking) parts.push(`${whole.format(figures.looking)} of those counted still undecided and looked at`);
    return parts.join(", ");
  }

  function sinceWords(figures) {
    const parts = [];
    if (figures.place) parts.push(figures.place);
    if (figures.opened) parts.push(`since ${clock(figures.opened)} on ${Number(figures.opened.slice(8, 10))} ${["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"][Number(figures.opened.slice(5, 7)) - 1]}`);
    const words = parts.join(", ");
    return words.charAt(0).toUpperCase() + words.slice(1);
  }

  function fill(id, rows) {
    const body = document.getElementById(id);
    if (body) body.replaceChildren(...rows);
  }

  function show(figures) {
    live.dataset.id = figures.id;
    for (const name of ["people", ...genders]) {
      for (const place of document.querySelectorAll(`[data-figure="${name}"]`)) {
        const words = whole.format(figures.totals[name]);
        place.textContent = words;
        if (place.dataset.length) place.dataset.length = words.length;
      }
    }
    text("name", figures.name || "Live count");
    text("state", states[figures.state] || figures.state);
    for (const pill of document.querySelectorAll(".pill")) pill.dataset.state = figures.state;
    text("since", sinceWords(figures));
    text("sentence", figures.sentence);
    shown("sentence", figures.sentence && figures.state !== "counting");
    text("now", nowWords(figures));
    shown("now", nowWords(figures));
    text("time", clock(figures.time, true));
    const hours = figures.hours.slice(-mostHours);
    const most = Math.max(1, ...hours.map((hour) => hour.people));
    fill("hours", hours.map((hour) => hourRow(hour, most)));
    shown("hours", hours.length);
    fill("doors", figures.doors.map((door) => tile(door.name, whole.format(door.totals.people), doorWords(door))));
    shown("doors", figures.doors.length > 1);
    fill("places", figures.places.map((place) => tile(place.name, ...placeWords(place))));
    shown("places", figures.places.length);
  }

  function say(sentence) {
    lost.hidden = !sentence;
    if (lost.firstElementChild.textContent !== sentence) lost.firstElementChild.textContent = sentence;
  }

  // In the same words for every way of losing it, so that they are read out once.
  function sayLost() {
    const since = new Date(lastNews);
    say(`No connection; the figures are those of ${two(since.getHours())}:${two(since.getMinutes())}. Trying again.`);
  }

  function again() {
    if (stream) stream.close();
    stream = null;
    sayLost();
    clearTimeout(timer);
    timer = setTimeout(open, waitMs);
    waitMs = Math.min(waitMs * 2, 15000);
    signInAgain();
  }

  // A stream does not say why it was refused. Who is no longer signed in is led to where that is done.
  async function signInAgain() {
    try {
      const answer = await fetch(live.dataset.stream, { method: "HEAD", cache: "no-store" });
      if (answer.status === 401) location.reload();
    } catch {
      // No connection: it is taken up again above.
    }
  }

  function open() {
    clearTimeout(timer);
    if (stream) stream.close();
    heardAt = Date.now();
    stream = new EventSource(live.dataset.stream);
    stream.addEventListener("totals", (event) => {
      heardAt = lastNews = Date.now();
      waitMs = 1000;
      say("");
      show(JSON.parse(event.data));
    });
    stream.addEventListener("alive", () => (heardAt = lastNews = Date.now()));
    // The server says so when it ends, and a browser gives up where it is refused: both are taken up again here.
    stream.addEventListener("bye", again);
    stream.addEventListener("error", () => {
      if (stream && stream.readyState === EventSource.CLOSED) again();
      else sayLost();
    });
  }

  setInterval(() => stream && !document.hidden && Date.now() - heardAt > silenceMs && again(), Math.max(100, silenceMs / 8));

  // A phone lets go of connections while its screen is off.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && (!stream || stream.readyState !== EventSource.OPEN || Date.now() - heardAt > silenceMs)) open();
  });
  addEventListener("online", open);
  addEventListener("pagehide", () => stream && stream.close());
  addEventListener("pageshow", (event) => event.persisted && open());
  open();
})();
