import { Option, type Command } from 'commander';
import { act, brokerUrl, positive } from '../act.ts';
import { certifyDevice } from '../certify/command.ts';
import { devices } from '../look.ts';
import { json } from './options.ts';

/** `devices` and `certify`: who is on a broker, and whether it keeps the contract. */
export function addDevices(program: Command): void {
  program
    .command('devices')
    .description('List the devices on a broker.')
    .requiredOption('--broker <url>', 'MQTT broker', brokerUrl)
    .requiredOption('--site <id>', 'site, as in lab.yaml')
    .addOption(json)
    .addHelpText('after', '\nExample:\n  labwright devices --broker mqtt://127.0.0.1:1883 --site colour-lab')
    .action(act(devices));
  program
    .command('certify')
    .description('Try the whole wire contract on one device. The device really acts.')
    .requiredOption('--broker <url>', 'MQTT broker', brokerUrl)
    .requiredOption('--site <id>', 'site of the device')
    .requiredOption('--device <id>', 'which device')
    .option('--capability <name>', 'what it shall do (default: what takes about two seconds)')
    .option('--parameters <json>', 'how (default: the least that its schema accepts)')
    .addOption(new Option('--restart <command>', 'shell command that kills the device and starts it again'))
    .addOption(new Option('--ask', 'ask a person to pull the plug').conflicts('restart'))
    .option('--limit <seconds>', 'longest time in all (default: a minute, and what the commands take)', positive)
    .option('--junit <file>', 'write the report as JUnit XML, too')
    .option('--yes', 'the device may act, without a question')
    .addOption(json)
    .addHelpText(
      'after',
      '\nExample:\n  labwright certify --broker mqtt://127.0.0.1:1883 --site bench --device balance --yes --restart "systemctl kill -s KILL balance && systemctl restart balance"',
    )
    .action(act(certifyDevice));
}
