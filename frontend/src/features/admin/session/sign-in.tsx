import { type FormEvent, useRef, useState } from 'react';
import { listProducts } from '../../../api/list-products';
import { useAdminTexts } from '../../../texts/use-admin-texts';
import { useTitle } from '../../../ui/use-title';
import { Button } from '../parts/button';
import { Icon } from '../parts/icon';
import { Notice } from '../parts/notice';
import { TroubleWords } from '../parts/trouble-words';
import { type Trouble, troubleOf } from '../trouble';
import { signIn } from './admin-session';

type Problem = 'missing' | Trouble | null;

/** Asks for the key and tries it on a real call; `expired` when the server refused one that it knew before. */
export function SignIn({ expired }: { expired: boolean }) {
  const { texts } = useAdminTexts();
  const words = texts.signIn;
  const field = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>(null);
  useTitle(words.title);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    const key = field.current?.value.trim() ?? '';
    setProblem(key === '' ? 'missing' : null);
    field.current?.focus();
    if (key === '') return;
    setBusy(true);
    const answer = await listProducts(key, 1, null);
    if (answer.kind === 'ok') return signIn(key);
    setBusy(false);
    setProblem(troubleOf(answer));
    field.current?.select();
  };

  // Neither the form nor the field has a name or an address: without script nothing could be sent anywhere.
  return (
    <div className="mx-auto max-w-md py-8 sm:py-16">
      <form
        method="post"
        noValidate
        className="grid grid-cols-1 gap-6 rounded-3xl border border-line bg-surface p-6 sm:p-8"
        onSubmit={submit}
      >
        <div>
          <span className="mb-5 inline-flex size-12 items-center justify-center rounded-2xl bg-brand/12 text-brand">
            <Icon name="lock" className="size-6" />
          </span>
          <h1 className="text-2xl font-bold tracking-tight">{words.title}</h1>
          <p className="mt-2 text-muted">{words.lead}</p>
        </div>
        {expired && (
          <Notice tone="warn" icon="warning" spoken>
            {words.expired}
          </Notice>
        )}
        <div>
          <label htmlFor="admin-key" className="mb-1.5 block text-sm font-medium">
            {words.key}
          </label>
          <input
            ref={field}
            id="admin-key"
            type="password"
            autoComplete="off"
            spellCheck={false}
            readOnly={busy}
            aria-invalid={problem !== null}
            aria-describedby="admin-key-problem admin-key-hint"
            className="h-12 w-full rounded-xl border border-edge bg-canvas px-4 text-base aria-invalid:border-bad"
          />
          <p id="admin-key-problem" role="alert" className="text-sm font-medium text-bad not-empty:mt-1.5">
            {problem && <ProblemWords problem={problem} />}
          </p>
          <p id="admin-key-hint" className="mt-1.5 text-sm text-muted">
            {words.hint}
          </p>
        </div>
        <Button look="primary" type="submit" busy={busy}>
          {busy ? words.sending : words.send}
        </Button>
      </form>
    </div>
  );
}

function ProblemWords({ problem }: { problem: Exclude<Problem, null> }) {
  const { signIn: words } = useAdminTexts().texts;
  if (problem === 'missing') return words.missing;
  return problem.name === 'keyRefused' ? words.refused : <TroubleWords trouble={problem} />;
}
