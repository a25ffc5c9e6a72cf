import type { ReactNode } from 'react';
import { useAdminTexts } from '../../../texts/use-admin-texts';
import { Button } from '../parts/button';
import { Modal } from '../parts/modal';
import { Outcome } from '../parts/outcome';
import { TroubleWords } from '../parts/trouble-words';
import { leavesOpen } from '../trouble';
import type { Doing } from './use-doing';

/** What a question says of its act. */
export interface QuestionWords {
  send: string;
  sending: string;
  maybe: string;
  not: string;
}

interface Props {
  title: string;
  words: QuestionWords;
  doing: Doing;
  look: 'primary' | 'danger';
  /** Whether the answer that does nothing has the focus first: for what cannot be undone. */
  careful?: boolean;
  /** Nothing can be sent (any more), and the children say why. */
  closed?: boolean;
  onSend: () => void;
  onLookAgain: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** Asks before something is done to a sale, and shows what came of it when it was not simply done. */
export function Question(props: Props) {
  const { title, words, doing, look, careful = false, closed = false, children } = props;
  const { actions } = useAdminTexts().texts;
  const busy = doing.name === 'working';
  return (
    <Modal title={title} onClose={props.onClose}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy && !closed) props.onSend();
        }}
      >
        <div className="grid grid-cols-1 gap-4 px-5 pt-3 pb-6 sm:px-7">
          {children}
          {!closed && doing.name === 'trouble' && (
            <Outcome
              of={doing}
              tone={leavesOpen(doing.trouble) ? 'warn' : 'bad'}
              icon="warning"
              says={
                <>
                  <TroubleWords trouble={doing.trouble} /> {leavesOpen(doing.trouble) && words.maybe}
                </>
              }
            >
              {leavesOpen(doing.trouble) && (
                <div>
                  <Button look="quiet" onClick={props.onLookAgain}>
                    {actions.lookAgain}
                  </Button>
                </div>
              )}
            </Outcome>
          )}
          {!closed && doing.name === 'not' && (
            <Outcome of={doing} tone="plain" icon="warning" says={words.not} />
          )}
        </div>
        <div className="flex flex-wrap justify-end gap-3 border-t border-line px-5 py-4 sm:px-7">
          <Button look="quiet" data-first={careful || undefined} onClick={props.onClose}>
            {closed ? actions.close : actions.cancel}
          </Button>
          {!closed && (
            <Button
              look={look}
              type="submit"
              busy={busy}
              data-first={(!careful && look !== 'danger') || undefined}
            >
              {busy ? words.sending : words.send}
            </Button>
          )}
        </div>
      </form>
    </Modal>
  );
}
