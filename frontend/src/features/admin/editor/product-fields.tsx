import { useState } from 'react';
import { priceText } from '../../../lib/price-text';
import { useAdminTexts } from '../../../texts/use-admin-texts';
import { instantOf, utcText, zoneText } from '../local-time';
import type { Entries } from './entries';
import { type FormContext, FormField } from './form-field';
import { priceMinorOf } from './price-entry';

/** What shoppers see of the product: its name, what it is, its picture and its price. */
export function ShownFields({ form }: { form: FormContext }) {
  const { texts, locale } = useAdminTexts();
  const { hints } = texts;
  const { entries } = form.view;
  const isNew = form.editor.sku === null;
  return (
    <fieldset className="grid min-w-0 grid-cols-1 gap-4">
      <legend className="mb-3 text-sm font-semibold text-muted">{texts.form.shown}</legend>
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-[2fr_3fr]">
        <FormField form={form} field="sku" hint={isNew ? hints.sku : null} fixed={!isNew}>
          {(control) => (
            <input
              {...control}
              data-first={isNew || undefined}
              spellCheck={false}
              autoCapitalize="characters"
            />
          )}
        </FormField>
        <FormField form={form} field="productName">
          {(control) => <input {...control} dir="auto" data-first={!isNew || undefined} />}
        </FormField>
      </div>
      <FormField form={form} field="description" hint={form.locked ? null : hints.description}>
        {(control) => (
          <textarea {...control} dir="auto" rows={2} className={`${control.className} block resize-y`} />
        )}
      </FormField>
      <FormField form={form} field="picture" hint={form.locked ? null : hints.picture}>
        {(control) => (
          <div className="flex items-start gap-3">
            <input {...control} inputMode="url" spellCheck={false} />
            <Preview key={entries.picture} entry={entries.picture.trim()} />
          </div>
        )}
      </FormField>
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-[2fr_1fr]">
        <FormField
          form={form}
          field="priceMinor"
          hint={form.locked ? null : (priceHint(entries, locale) ?? hints.price)}
        >
          {(control) => <input {...control} inputMode="decimal" />}
        </FormField>
        <FormField form={form} field="currency" hint={form.locked ? null : hints.currency}>
          {(control) => (
            <input
              {...control}
              maxLength={3}
              spellCheck={false}
              className={`${control.className} uppercase`}
            />
          )}
        </FormField>
      </div>
    </fieldset>
  );

  function priceHint({ priceMinor, currency }: Entries, inLocale: string): string | null {
    const code = currency.trim().toUpperCase();
    const minor = priceMinor.trim() === '' ? null : priceMinorOf(priceMinor, code);
    if (minor === null || !/^[A-Z]{3}$/.test(code)) return null;
    return hints.priceShown(priceText(inLocale, minor, code));
  }
}

/** What the sale is: how many, how many for each, from when to when, and how safe a purchase is when it is told. */
export function SaleFields({ form }: { form: FormContext }) {
  const { texts, locale } = useAdminTexts();
  const { hints, levels } = texts;
  const { entries } = form.view;
  const level = entries.acknowledge;
  const startMs = Date.parse(instantOf(entries.startTime) ?? '');
  return (
    <fieldset className="grid min-w-0 grid-cols-1 gap-4">
      <legend className="mb-3 text-sm font-semibold text-muted">{texts.form.sale}</legend>
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
        <FormField form={form} field="initialStock" hint={hints.initialStock}>
          {(control) => <input {...control} inputMode="numeric" />}
        </FormField>
        <FormField form={form} field="limitPerBuyer" hint={hints.limitPerBuyer}>
          {(control) => <input {...control} inputMode="numeric" />}
        </FormField>
        {(['startTime', 'endTime'] as const).map((field) => (
          <FormField key={field} form={form} field={field} hint={utcHint(entries[field])}>
            {(control) => (
              <input {...control} type="datetime-local" step={entries[field].length > 16 ? 1 : 60} />
            )}
          </FormField>
        ))}
      </div>
      <p className="-mt-1 text-xs/5 text-muted">
        {hints.zone(zoneText(locale, Number.isNaN(startMs) ? Date.now() : startMs))}
      </p>
      <FormField form={form} field="acknowledge" hint={hints.acknowledge}>
        {({ readOnly, ...control }) =>
          form.locked ? (
            <input {...control} readOnly value={level === 'ledger' ? levels.ledger : levels.gate} />
          ) : (
            <select {...control} aria-disabled={readOnly}>
              {form.editor.sku === null && <option value="">{levels.default}</option>}
              <option value="gate">{levels.gate}</option>
              <option value="ledger">{levels.ledger}</option>
            </select>
          )
        }
      </FormField>
    </fieldset>
  );

  function utcHint(entry: string): string | null {
    const instant = instantOf(entry);
    return instant === null ? null : hints.time(utcText(instant));
  }
}

/** The picture that a path of this site names; other origins are shown once the server has allowed them. */
function Preview({ entry }: { entry: string }) {
  const { hints } = useAdminTexts().texts;
  const [broken, setBroken] = useState(false);
  if (!/^\/[^/\\\s][^\\\s]*$/.test(entry)) return null;
  if (broken) return <span className="w-24 shrink-0 self-center text-xs text-warn">{hints.noPicture}</span>;
  return (
    <img
      src={entry}
      alt=""
      className="size-11 shrink-0 rounded-xl border border-line object-cover"
      onError={() => setBroken(true)}
    />
  );
}
