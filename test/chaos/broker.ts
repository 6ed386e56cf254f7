import { startBroker } from '../../simulators/broker.ts';

/** The embedded broker as a process of its own, on a port that stays the same so that clients can come back. */
await startBroker({ port: Number(process.argv[2]) });
process.stdout.write('Listening\n');
