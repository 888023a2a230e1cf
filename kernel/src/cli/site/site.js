const root = document.documentElement;
root.dataset.theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
const other = () => { root.dataset.theme = root.dataset.theme === 'dark' ? 'light' : 'dark'; };
