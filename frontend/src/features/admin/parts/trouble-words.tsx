import { useAdminTexts } from '../../../texts/use-admin-texts';
import type { Trouble } from '../trouble';

/** What went wrong, in words, and what the server itself said of it. */
export function TroubleWords({ trouble }: { trouble: Trouble }) {
  const { texts } = useAdminTexts();
  const words = texts.trouble;
  if (trouble.name === 'tooFast') return words.tooFast(trouble.seconds);
  if (trouble.name !== 'refused' && trouble.name !== 'busy') return words[trouble.name];
  return (
    <>
      {words[trouble.name]} {words.serverSays} <q lang="en">{trouble.message}</q>
    </>
  );
}
