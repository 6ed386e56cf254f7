import { render } from 'preact';
import { App } from './app.tsx';
import { openConnection } from './connection.ts';

render(<App connection={openConnection()} />, document.getElementById('page')!);
