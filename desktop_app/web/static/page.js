// Runs before the page is drawn, so that what only works with a script never flashes up without one.
document.documentElement.classList.add("with-script");
