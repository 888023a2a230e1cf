// Keys: right, space, page down: on. Left, page up: back. Up, down: the last, the next section. Home, End.
// f: full screen. n: notes. d: dark or light. b: black screen. Swipes and clicks at the edges go on and back as well.
(() => {
  const root = document.documentElement, deck = document.getElementById('deck'), count = document.getElementById('count');
  const slides = [...deck.querySelectorAll('.slide')];
  let at = 0, step = 0;
  const fragments = slide => [...slide.querySelectorAll('.fragment')];

  if (root.dataset.theme === 'auto') root.dataset.theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';

  const fit = () => {
    const scale = Math.min(innerWidth / 1280, innerHeight / 720);
    deck.style.transform = `scale(${scale}) translate(-50%, -50%)`;
  };
  // What is too tall is drawn smaller, down to a size that can still be read; beyond that it can be scrolled.
  const shrink = slide => {
    const inner = slide.querySelector('.inner'), unit = deck.getBoundingClientRect().width / 1280, room = 720 - 88;
    const height = () => inner.getBoundingClientRect().height / unit;
    let zoom = 1;
    inner.style.zoom = zoom;
    while (height() > room && zoom > 0.4) {
      zoom *= 0.97;
      inner.style.zoom = zoom;
    }
    slide.classList.toggle('is-long', height() > room + 1);
  };
  const show = (slide, shown) => {
    at = Math.max(0, Math.min(slides.length - 1, slide));
    const parts = fragments(slides[at]);
    step = Math.max(0, Math.min(parts.length, shown));
    slides.forEach((s, i) => s.classList.toggle('is-shown', i === at));
    parts.forEach((part, i) => part.classList.toggle('is-shown', i < step));
    shrink(slides[at]);
    count.textContent = `${at + 1} / ${slides.length}`;
    history.replaceState(null, '', `#${at + 1}`);
  };
  const next = () => step < fragments(slides[at]).length ? show(at, step + 1) : at + 1 < slides.length && show(at + 1, 0);
  const back = () => step > 0 ? show(at, step - 1) : at > 0 && show(at - 1, Infinity);
  const section = way => {
    let i = at + way;
    while (i > 0 && i < slides.length && !('section' in slides[i].dataset)) i += way;
    show(i, 0);
  };
  const toggle = name => { root.toggleAttribute(name); };
  const keys = {
    ArrowRight: next, ' ': next, PageDown: next, Enter: next, ArrowLeft: back, PageUp: back, Backspace: back,
    ArrowDown: () => section(1), ArrowUp: () => section(-1), Home: () => show(0, 0), End: () => show(slides.length - 1, 0),
    f: () => document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen(),
    n: () => toggle('data-notes'), b: () => toggle('data-dark-screen'),
    d: () => { root.dataset.theme = root.dataset.theme === 'dark' ? 'light' : 'dark'; },
  };
  addEventListener('keydown', event => {
    const action = keys[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  });
  let touch = 0;
  addEventListener('touchstart', event => { touch = event.changedTouches[0].clientX; }, { passive: true });
  addEventListener('touchend', event => {
    const moved = event.changedTouches[0].clientX - touch;
    if (Math.abs(moved) > 60) moved < 0 ? next() : back();
  });
  addEventListener('click', event => {
    if (event.target.closest('a, .live, pre')) return;
    if (event.clientX > innerWidth * 0.85) next();
    else if (event.clientX < innerWidth * 0.15) back();
  });
  addEventListener('resize', fit);
  addEventListener('hashchange', () => show(Number(location.hash.slice(1)) - 1 || 0, 0));
  // Images and interactive figures take their room later.
  const grown = new ResizeObserver(() => shrink(slides[at]));
  slides.forEach(slide => slide.querySelectorAll('figure').forEach(figure => grown.observe(figure)));
  addEventListener('beforeprint', () => slides.forEach(slide => {
    slide.classList.add('is-shown');
    shrink(slide);
  }));
  addEventListener('afterprint', () => show(at, step));
  fit();
  show(Number(location.hash.slice(1)) - 1 || 0, 0);
})();
