/** What an admin reads, in English. */
export const admin = {
  signIn: {
    title: 'Admin',
    lead: 'Sign in with the key of this installation.',
    key: 'Admin key',
    hint: 'The server knows it as ADMIN_API_KEY. It is kept for this tab only.',
    send: 'Sign in',
    sending: 'Checking the key…',
    missing: 'Enter the key.',
    refused: 'This is not the key.',
    expired: 'The server no longer takes your key. Sign in again; what you typed is kept.',
    signOut: 'Sign out',
  },

  trouble: {
    keyRefused: 'The server does not take the key.',
    tooFast: (seconds: number) => `Too many requests. Try again in ${seconds} s.`,
    gone: 'This product is not there any more: somebody deleted it.',
    refused: 'The server refused this.',
    busy: 'The server cannot answer this at the moment.',
    noAnswer: 'The server does not answer. Check the connection, then try again.',
    serverSays: 'The server says:',
  },

  list: {
    title: 'Products',
    create: 'New product',
    count: (count: number) => (count === 1 ? '1 product' : `${count} products`),
    countOrMore: (count: number) => `${count} products loaded`,
    found: (found: number, of: number) => `${found} of ${of} shown`,
    zone: (zone: string) => `times in ${zone}`,
    search: 'Search by name or SKU',
    nothingFound: (words: string) => `No loaded product matches “${words}”.`,
    caption: 'Products, newest first',
    loading: 'Loading the products…',
    failed: 'The products could not be loaded',
    stale: 'The list could not be read again; it may be old.',
    retry: 'Try again',
    more: 'Load more',
    loadingMore: 'Loading…',
    empty: 'No products yet',
    emptyLead: 'A product is one SKU on sale: a stock, a price and the minutes in which it can be bought.',
    live: 'Live',
    connecting: 'Connecting…',
    lost: (time: string) => `Not live, as of ${time}`,
    lostLead: 'The connection for live numbers is being opened again.',
  },

  columns: {
    product: 'Product',
    state: 'State',
    stock: 'Stock',
    sold: 'Sold',
    price: 'Price',
    window: 'On sale',
    actions: 'Actions',
  },

  row: {
    ofStock: (initial: string) => `of ${initial}`,
    sold: (sold: string) => `${sold} sold`,
    recorded: (recorded: string) => `${recorded} recorded`,
    recordedAll: 'all recorded',
    noPrice: 'No price',
    until: (time: string) => `until ${time}`,
  },

  states: {
    upcoming: 'Upcoming',
    live: 'Live',
    paused: 'Paused',
    pausedBefore: 'Held',
    soldOut: 'Sold out',
    ended: 'Ended',
    endedByAdmin: 'Stopped',
  },

  actions: {
    edit: 'Edit',
    details: 'Details',
    pause: 'Pause',
    resume: 'Resume',
    end: 'End',
    delete: 'Delete',
    named: (action: string, name: string) => `${action}: ${name}`,
    close: 'Close',
    cancel: 'Cancel',
    lookAgain: 'Look again',
    tryAgain: 'Try again',
  },

  fields: {
    sku: 'SKU',
    productName: 'Name',
    description: 'Description',
    picture: 'Picture',
    priceMinor: 'Price of one unit',
    currency: 'Currency',
    initialStock: 'Stock',
    limitPerBuyer: 'Limit per buyer',
    startTime: 'Starts',
    endTime: 'Ends',
    acknowledge: 'Acknowledge a purchase',
  },

  hints: {
    sku: 'Letters, digits and hyphens. It is part of the address and stays as it is.',
    description: 'Plain text. Optional.',
    picture:
      'A path of this site, such as /pictures/lamp.svg, or an https address that the server allows. Optional.',
    price: 'Leave it empty for a sale without a price.',
    priceShown: (price: string) => `Shoppers see ${price}.`,
    currency: 'Such as EUR or JPY.',
    initialStock: 'Units on offer.',
    limitPerBuyer: 'Units that one buyer may hold.',
    time: (utc: string) => `= ${utc}`,
    zone: (zone: string) => `Times are in your time zone, ${zone}.`,
    acknowledge: 'What a purchase has survived when the buyer is told.',
    noPicture: 'There is no picture at this address.',
  },

  levels: {
    default: 'As the server is set',
    gate: 'Gate: decided',
    ledger: 'Ledger: decided and in the database',
  },

  faults: {
    required: 'Please fill this in.',
    wholeNumber: 'Enter a whole number, in digits only.',
    price: (digits: number) =>
      digits === 0
        ? 'Enter a whole amount; this currency has no decimals.'
        : `Enter an amount such as ${(1234).toFixed(digits)}, with at most ${digits} decimals and nothing between the thousands.`,
    currencyMissing: 'A price needs its currency.',
    taken: 'A product with this SKU exists already.',
  },

  /** What the server says of a field, in an admin's words. */
  serverFaults: {
    sku: 'Use 1 to 64 letters, digits and hyphens.',
    text: (from: string, to: string) => `Use ${from} to ${to} characters, and none that cannot be seen.`,
    picture: (allowed: string) =>
      `Use a path of this site that begins with one slash, or an https address of an origin that the server allows (now: ${allowed}). The setting STAMPEDE_IMAGE_ORIGINS allows more.`,
    wholeNumber: (from: string, to: string) => `Use a whole number from ${from} to ${to}.`,
    amount: 'This is more than a price may be.',
    currency: 'Use a currency code of ISO 4217, such as EUR.',
    window: 'The end must be after the start.',
  },

  form: {
    create: 'New product',
    edit: 'Edit product',
    details: 'Product',
    shown: 'What shoppers see',
    sale: 'The sale',
    reading: 'Reading the product…',
    summary: (count: number) =>
      count === 1 ? 'One field needs another look' : `${count} fields need another look`,
    doCreate: 'Create',
    creating: 'Creating…',
    save: 'Save',
    saving: 'Saving…',
    draft: 'What you typed before is still here.',
    afresh: 'Start afresh',
    nothingChanged: 'Nothing is changed yet.',
    notCreated: 'It was not created. What you typed is still here; you can send it again.',
    notSaved: 'It was not saved. What you typed is still here; you can send it again.',
    maybeCreated: 'The product may have been created all the same. Look again to find out.',
    maybeSaved: 'The change may have been made all the same. Look again to find out.',
    lockedRunning:
      'The sale is running. What held when somebody bought must not change, so the fields are locked.',
    lockedOver: 'The sale is over. Its fields are on record and stay as they are.',
    lockedSoldOut: 'Everything is sold. The fields are on record and stay as they are.',
    begun: 'The sale began or ended before your change arrived, so nothing was changed.',
    typedBefore: (text: string) => `You had typed: ${text}`,
    nothingTyped: '(nothing)',
    retype: 'Use mine',
  },

  conflict: {
    title: 'Changed by somebody else',
    lead: 'Somebody changed this product after you opened it. Nothing of yours was saved yet.',
    caption: 'What they changed and what you typed',
    theirs: 'Theirs, now saved',
    yours: 'Yours',
    unchanged: 'not changed',
    empty: 'empty',
    takeNewer: 'Load theirs',
    takeNewerHint: 'Theirs fill the form; what you typed stays beside each field.',
    overwrite: 'Save mine over theirs',
    overwriteHint: (fields: string) =>
      `Replaces theirs in: ${fields}. Everything else stays as they left it.`,
  },

  pause: {
    title: (name: string) => `Pause ${name}?`,
    lead: 'From that moment nobody can buy, on every server. Shoppers see that the sale is paused.',
    note: 'The clock keeps running: the sale still ends at its time. You can resume it until then.',
    before: 'At its start nobody can buy until you resume it. Shoppers see that it is on hold.',
    send: 'Pause the sale',
    sending: 'Pausing…',
    done: (name: string) => `${name} is paused.`,
    maybe: 'It may be paused all the same. Look again to find out.',
    not: 'It is not paused. You can try again.',
  },
  resume: {
    title: (name: string) => `Resume ${name}?`,
    lead: 'Everybody who waits can buy at once.',
    note: 'The sale ends at its time, as before.',
    before: 'The sale then starts at its time, as if it had never been held.',
    send: 'Resume the sale',
    sending: 'Resuming…',
    done: (name: string) => `${name} is resumed.`,
    maybe: 'It may be resumed all the same. Look again to find out.',
    not: 'It is still paused. You can try again.',
  },
  end: {
    title: (name: string) => `End ${name} for good?`,
    lead: 'From that moment nobody can buy, on every server, and it cannot be undone: an ended sale never starts again.',
    note: 'Purchases that were made stay as they are.',
    before: 'The sale then never starts, and it cannot be undone: an ended sale never starts again.',
    send: 'End the sale for good',
    sending: 'Ending…',
    done: (name: string) => `${name} has ended.`,
    maybe: 'It may have ended all the same. Look again to find out.',
    not: 'It has not ended. You can try again.',
  },
  /** A change of a sale that was over by itself meanwhile. */
  tooLate: 'The sale is over already, so there is nothing to change.',

  delete: {
    title: (name: string) => `Delete ${name}?`,
    lead: 'The sale ends at once, and the product disappears from the shop and from this list.',
    purchases: (sold: string) =>
      `Its purchases (${sold} units sold) are not lost: they move to the archive, where the server keeps them as long as it is set to.`,
    noPurchases: 'Nothing was sold, so no purchases are affected.',
    confirm: (sku: string) => `Type ${sku} to confirm`,
    mismatch: (sku: string) => `This is not ${sku}.`,
    send: 'Delete the product',
    sending: 'Deleting…',
    done: (name: string) => `${name} is deleted.`,
    maybe: 'It may be deleted all the same, or be on the way. Look again to find out.',
    not: 'It is still there. You can try again.',
  },

  done: {
    created: (name: string) => `${name} is created.`,
    saved: (name: string) => `${name} is saved.`,
    dismiss: 'Dismiss',
  },
};

export type AdminTexts = typeof admin;
