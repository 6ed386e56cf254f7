import type { CampaignView, LinkView } from '../server/contract.ts';
import { inputsText, rivalsText } from './decisions.ts';
import { plural, words } from './format.ts';
import { Panel } from './panel.tsx';

/** What every output of a stage is predicted from, and how well. Absent where stages are not decided one by one. */
export function LinksPanel(props: {
  readonly links: ReadonlyMap<string, LinkView>;
  readonly campaign: CampaignView | undefined;
}) {
  const { links, campaign } = props;
  if (campaign?.legs === undefined || links.size === 0) return null;
  return (
    <Panel name="links" title="What predicts what">
      <ul class="rows">
        {[...links.values()].map((link) => (
          <Link key={link.id} link={link} campaign={campaign} />
        ))}
      </ul>
      {[...links.values()].some((link) => rivalsText(link) !== '') && (
        <p class="quiet note">In brackets: difference in log posterior, in nats.</p>
      )}
    </Panel>
  );
}

function Link({ link, campaign }: { readonly link: LinkView; readonly campaign: CampaignView }) {
  const { stage, output, inputs, observations, explained } = link;
  const share = explained > 0 ? `${Math.round(100 * explained)} % explained` : 'nothing explained yet';
  const rivals = rivalsText(link);
  return (
    <li>
      <strong>{words(output)}</strong> <span class="quiet">after {words(stage)}</span>
      <p>
        from {inputsText(link, campaign)} ({inputs})
      </p>
      <p class="quiet">
        {plural(observations, 'sample')}, {share}. {rivals}
      </p>
    </li>
  );
}
