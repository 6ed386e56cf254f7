import { defineConfig } from 'vite';

/** Builds the page. Tests do not run through this root. */
export default defineConfig(({ mode }) =>
  mode === 'test'
    ? {}
    : {
        root: `${import.meta.dirname}/src/web`,
        base: './',
        oxc: { jsx: { importSource: 'preact' } },
        build: {
          outDir: `${import.meta.dirname}/dist/web`,
          emptyOutDir: true,
          target: 'es2022',
          modulePreload: { polyfill: false },
          reportCompressedSize: false,
        },
      },
);
