import { setupServer } from 'msw/node';

/** Answers nothing until a test says what: a request that no test expects fails that test. */
export const server = setupServer();
