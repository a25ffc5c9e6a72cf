import { HttpResponse, http } from 'msw';
import { server } from './server';
import { PURCHASES } from './wire-answers';

/** The keys that reached the server since its answers were set, in order. */
export const keys: (string | null)[] = [];

/** Answers attempts in turn; the last answer repeats. */
export function answerAttempts(...replies: (() => Response)[]): void {
  keys.length = 0;
  server.use(
    http.post(PURCHASES, ({ request }) => {
      keys.push(request.headers.get('Idempotency-Key'));
      const reply = replies[Math.min(keys.length, replies.length) - 1];
      return reply ? reply() : HttpResponse.error();
    }),
  );
}

/** Answers every look at what the buyer holds. */
export const answerLookUps = (reply: () => Response): void => server.use(http.get(PURCHASES, reply));
