import type { AdminTexts } from '../en/admin';

/** What an admin reads, in German. */
export const admin: AdminTexts = {
  signIn: {
    title: 'Verwaltung',
    lead: 'Melden Sie sich mit dem Schlüssel dieser Installation an.',
    key: 'Admin-Schlüssel',
    hint: 'Der Server kennt ihn als ADMIN_API_KEY. Er bleibt nur in diesem Tab.',
    send: 'Anmelden',
    sending: 'Schlüssel wird geprüft…',
    missing: 'Geben Sie den Schlüssel ein.',
    refused: 'Das ist nicht der Schlüssel.',
    expired:
      'Der Server nimmt Ihren Schlüssel nicht mehr an. Melden Sie sich neu an; Ihre Eingaben sind noch da.',
    signOut: 'Abmelden',
  },

  trouble: {
    keyRefused: 'Der Server nimmt den Schlüssel nicht an.',
    tooFast: (seconds: number) => `Zu viele Anfragen. Versuchen Sie es in ${seconds} s wieder.`,
    gone: 'Dieses Produkt gibt es nicht mehr: Jemand hat es gelöscht.',
    refused: 'Der Server hat das abgelehnt.',
    busy: 'Der Server kann das im Augenblick nicht beantworten.',
    noAnswer: 'Der Server antwortet nicht. Prüfen Sie die Verbindung und versuchen Sie es dann wieder.',
    serverSays: 'Der Server sagt:',
  },

  list: {
    title: 'Produkte',
    create: 'Neues Produkt',
    count: (count: number) => (count === 1 ? '1 Produkt' : `${count} Produkte`),
    countOrMore: (count: number) => `${count} Produkte geladen`,
    found: (found: number, of: number) => `${found} von ${of} angezeigt`,
    zone: (zone: string) => `Zeiten in ${zone}`,
    search: 'Nach Name oder Artikelnummer suchen',
    nothingFound: (words: string) => `Kein geladenes Produkt passt zu „${words}“.`,
    caption: 'Produkte, die neuesten zuerst',
    loading: 'Die Produkte werden geladen…',
    failed: 'Die Produkte konnten nicht geladen werden',
    stale: 'Die Liste konnte nicht neu gelesen werden; sie kann veraltet sein.',
    retry: 'Noch einmal versuchen',
    more: 'Mehr laden',
    loadingMore: 'Wird geladen…',
    empty: 'Noch keine Produkte',
    emptyLead:
      'Ein Produkt ist eine Artikelnummer im Verkauf: ein Bestand, ein Preis und die Minuten, in denen man es kaufen kann.',
    live: 'Live',
    connecting: 'Verbindung wird aufgebaut…',
    lost: (time: string) => `Nicht live, Stand ${time}`,
    lostLead: 'Die Verbindung für Live-Zahlen wird wieder aufgebaut.',
  },

  columns: {
    product: 'Produkt',
    state: 'Zustand',
    stock: 'Bestand',
    sold: 'Verkauft',
    price: 'Preis',
    window: 'Im Verkauf',
    actions: 'Aktionen',
  },

  row: {
    ofStock: (initial: string) => `von ${initial}`,
    sold: (sold: string) => `${sold} verkauft`,
    recorded: (recorded: string) => `${recorded} gebucht`,
    recordedAll: 'alle gebucht',
    noPrice: 'Kein Preis',
    until: (time: string) => `bis ${time}`,
  },

  states: {
    upcoming: 'Geplant',
    live: 'Live',
    paused: 'Pausiert',
    pausedBefore: 'Angehalten',
    soldOut: 'Ausverkauft',
    ended: 'Beendet',
    endedByAdmin: 'Gestoppt',
  },

  actions: {
    edit: 'Bearbeiten',
    details: 'Details',
    pause: 'Pausieren',
    resume: 'Fortsetzen',
    end: 'Beenden',
    delete: 'Löschen',
    named: (action: string, name: string) => `${action}: ${name}`,
    close: 'Schließen',
    cancel: 'Abbrechen',
    lookAgain: 'Noch einmal nachsehen',
    tryAgain: 'Noch einmal versuchen',
  },

  fields: {
    sku: 'Artikelnummer (SKU)',
    productName: 'Name',
    description: 'Beschreibung',
    picture: 'Bild',
    priceMinor: 'Stückpreis',
    currency: 'Währung',
    initialStock: 'Bestand',
    limitPerBuyer: 'Höchstmenge je Käufer',
    startTime: 'Beginn',
    endTime: 'Ende',
    acknowledge: 'Kaufbestätigung',
  },

  hints: {
    sku: 'Buchstaben, Ziffern und Bindestriche. Sie steht in der Adresse und bleibt, wie sie ist.',
    description: 'Reiner Text. Optional.',
    picture:
      'Ein Pfad dieser Seite, etwa /pictures/lamp.svg, oder eine https-Adresse, die der Server erlaubt. Optional.',
    price: 'Leer lassen für einen Verkauf ohne Preis.',
    priceShown: (price: string) => `Käufer sehen ${price}.`,
    currency: 'Etwa EUR oder JPY.',
    initialStock: 'Stück im Angebot.',
    limitPerBuyer: 'So viele Stück darf ein Käufer haben.',
    time: (utc: string) => `= ${utc}`,
    zone: (zone: string) => `Zeiten in Ihrer Zeitzone, ${zone}.`,
    acknowledge: 'Was ein Kauf überstanden hat, wenn der Käufer davon erfährt.',
    noPicture: 'Unter dieser Adresse gibt es kein Bild.',
  },

  levels: {
    default: 'Wie der Server eingestellt ist',
    gate: 'Gate: entschieden',
    ledger: 'Ledger: entschieden und in der Datenbank',
  },

  faults: {
    required: 'Bitte ausfüllen.',
    wholeNumber: 'Geben Sie eine ganze Zahl ein, nur in Ziffern.',
    price: (digits: number) =>
      digits === 0
        ? 'Geben Sie einen ganzen Betrag ein; diese Währung hat keine Nachkommastellen.'
        : `Geben Sie einen Betrag ein wie ${(1234).toFixed(digits).replace('.', ',')}, mit höchstens ${digits} Nachkommastellen und nichts zwischen den Tausendern.`,
    currencyMissing: 'Zu einem Preis gehört seine Währung.',
    taken: 'Ein Produkt mit dieser Artikelnummer gibt es schon.',
  },

  serverFaults: {
    sku: 'Verwenden Sie 1 bis 64 Buchstaben, Ziffern und Bindestriche.',
    text: (from: string, to: string) => `Verwenden Sie ${from} bis ${to} Zeichen, keines davon unsichtbar.`,
    picture: (allowed: string) =>
      `Verwenden Sie einen Pfad dieser Seite, der mit einem Schrägstrich beginnt, oder eine https-Adresse, deren Herkunft der Server erlaubt (jetzt: ${allowed}). Die Einstellung STAMPEDE_IMAGE_ORIGINS erlaubt mehr.`,
    wholeNumber: (from: string, to: string) => `Verwenden Sie eine ganze Zahl von ${from} bis ${to}.`,
    amount: 'Das ist mehr, als ein Preis sein darf.',
    currency: 'Verwenden Sie einen Währungscode nach ISO 4217, etwa EUR.',
    window: 'Das Ende muss nach dem Beginn liegen.',
  },

  form: {
    create: 'Neues Produkt',
    edit: 'Produkt bearbeiten',
    details: 'Produkt',
    shown: 'Was Käufer sehen',
    sale: 'Der Verkauf',
    reading: 'Das Produkt wird gelesen…',
    summary: (count: number) =>
      count === 1 ? 'Ein Feld stimmt noch nicht' : `${count} Felder stimmen noch nicht`,
    doCreate: 'Anlegen',
    creating: 'Wird angelegt…',
    save: 'Speichern',
    saving: 'Wird gespeichert…',
    draft: 'Ihre Eingaben von vorhin sind noch da.',
    afresh: 'Neu beginnen',
    nothingChanged: 'Es ist noch nichts geändert.',
    notCreated: 'Es wurde nicht angelegt. Ihre Eingaben sind noch da; Sie können sie noch einmal senden.',
    notSaved: 'Es wurde nicht gespeichert. Ihre Eingaben sind noch da; Sie können sie noch einmal senden.',
    maybeCreated: 'Vielleicht wurde das Produkt trotzdem angelegt. Nachsehen klärt es.',
    maybeSaved: 'Vielleicht wurde die Änderung trotzdem gespeichert. Nachsehen klärt es.',
    lockedRunning:
      'Der Verkauf läuft. Was galt, als jemand kaufte, ändert sich nicht mehr, darum sind die Felder gesperrt.',
    lockedOver: 'Der Verkauf ist vorbei. Seine Felder stehen fest.',
    lockedSoldOut: 'Alles ist verkauft. Die Felder stehen fest.',
    begun: 'Der Verkauf begann oder endete, bevor Ihre Änderung ankam; es wurde nichts geändert.',
    typedBefore: (text: string) => `Ihre Eingabe war: ${text}`,
    nothingTyped: '(nichts)',
    retype: 'Meine Eingabe übernehmen',
  },

  conflict: {
    title: 'Von jemand anderem geändert',
    lead: 'Jemand hat dieses Produkt geändert, nachdem Sie es geöffnet haben. Von Ihnen ist noch nichts gespeichert.',
    caption: 'Was dort geändert wurde und was Sie eingegeben haben',
    theirs: 'Gespeichert',
    yours: 'Ihre Eingabe',
    unchanged: 'nicht geändert',
    empty: 'leer',
    takeNewer: 'Gespeicherten Stand laden',
    takeNewerHint:
      'Der gespeicherte Stand füllt das Formular; Ihre Eingaben bleiben neben den Feldern stehen.',
    overwrite: 'Mit meinen Eingaben überschreiben',
    overwriteHint: (fields: string) =>
      `Ersetzt den gespeicherten Stand in: ${fields}. Alles andere bleibt, wie es ist.`,
  },

  pause: {
    title: (name: string) => `${name} pausieren?`,
    lead: 'Von da an kann niemand kaufen, auf keinem Server. Käufer sehen, dass der Verkauf pausiert.',
    note: 'Die Uhr läuft weiter: Der Verkauf endet zu seiner Zeit. Bis dahin können Sie ihn fortsetzen.',
    before: 'Der Verkauf ist bei seinem Beginn angehalten: Niemand kann kaufen, bis Sie ihn fortsetzen.',
    send: 'Verkauf pausieren',
    sending: 'Wird pausiert…',
    done: (name: string) => `${name} ist pausiert.`,
    maybe: 'Vielleicht ist er trotzdem pausiert. Nachsehen klärt es.',
    not: 'Er ist nicht pausiert. Sie können es noch einmal versuchen.',
  },
  resume: {
    title: (name: string) => `${name} fortsetzen?`,
    lead: 'Alle, die warten, können sofort kaufen.',
    note: 'Der Verkauf endet wie vorgesehen zu seiner Zeit.',
    before: 'Der Verkauf beginnt dann zu seiner Zeit, als wäre er nie angehalten worden.',
    send: 'Verkauf fortsetzen',
    sending: 'Wird fortgesetzt…',
    done: (name: string) => `${name} ist fortgesetzt.`,
    maybe: 'Vielleicht ist er trotzdem fortgesetzt. Nachsehen klärt es.',
    not: 'Er ist noch pausiert. Sie können es noch einmal versuchen.',
  },
  end: {
    title: (name: string) => `${name} endgültig beenden?`,
    lead: 'Von da an kann niemand kaufen, auf keinem Server, und das ist endgültig: Ein beendeter Verkauf beginnt nie wieder.',
    note: 'Bereits getätigte Käufe bleiben bestehen.',
    before: 'Der Verkauf beginnt dann nie, und das ist endgültig: Ein beendeter Verkauf beginnt nie wieder.',
    send: 'Verkauf endgültig beenden',
    sending: 'Wird beendet…',
    done: (name: string) => `${name} ist beendet.`,
    maybe: 'Vielleicht ist er trotzdem beendet. Nachsehen klärt es.',
    not: 'Er ist nicht beendet. Sie können es noch einmal versuchen.',
  },
  tooLate: 'Der Verkauf ist schon vorbei; es gibt nichts mehr zu ändern.',

  delete: {
    title: (name: string) => `${name} löschen?`,
    lead: 'Der Verkauf endet sofort, und das Produkt verschwindet aus dem Shop und aus dieser Liste.',
    purchases: (sold: string) =>
      `Seine Käufe (${sold} Stück verkauft) gehen nicht verloren: Sie kommen ins Archiv, wo der Server sie so lange aufbewahrt, wie es eingestellt ist.`,
    noPurchases: 'Es wurde nichts verkauft, also sind keine Käufe betroffen.',
    confirm: (sku: string) => `Zur Bestätigung ${sku} eingeben`,
    mismatch: (sku: string) => `Das ist nicht ${sku}.`,
    send: 'Produkt löschen',
    sending: 'Wird gelöscht…',
    done: (name: string) => `${name} ist gelöscht.`,
    maybe: 'Vielleicht ist es trotzdem gelöscht oder wird es gerade. Nachsehen klärt es.',
    not: 'Es ist noch da. Sie können es noch einmal versuchen.',
  },

  done: {
    created: (name: string) => `${name} ist angelegt.`,
    saved: (name: string) => `${name} ist gespeichert.`,
    dismiss: 'Ausblenden',
  },
};
