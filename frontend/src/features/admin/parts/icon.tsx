const PATHS = {
  plus: 'M10 4v12M4 10h12',
  edit: 'm4 13.5-.6 3.1 3.1-.6 9-9a1.8 1.8 0 0 0-2.5-2.5z',
  details:
    'M2.5 10S5.2 5 10 5s7.5 5 7.5 5-2.7 5-7.5 5-7.5-5-7.5-5zM12.2 10a2.2 2.2 0 1 1-4.4 0 2.2 2.2 0 0 1 4.4 0z',
  pause: 'M7 4.5v11M13 4.5v11',
  resume: 'M6.5 4.3v11.4L15.5 10z',
  end: 'M5.5 5.5h9v9h-9z',
  delete: 'M3.5 5.5h13M8 5.5V3.8h4v1.7M5.3 5.5l.7 10.7h8l.7-10.7M8.4 8.6v4.6M11.6 8.6v4.6',
  close: 'm5 5 10 10M15 5 5 15',
  lock: 'M5 9h10v7H5zM7 9V6.8a3 3 0 0 1 6 0V9',
  search: 'm13.2 13.2 3.3 3.3M14.5 9A5.5 5.5 0 1 1 3.5 9a5.5 5.5 0 0 1 11 0z',
  warning: 'M10 3.2 17.5 16.3h-15zM10 8.2v3.6M10 13.9v.2',
  clock: 'M10 6v4.2l2.6 1.6M17 10a7 7 0 1 1-14 0 7 7 0 0 1 14 0z',
  check: 'm4.5 10.5 3.7 3.7 7.3-8',
  box: 'M10 2.8 16.8 6.4v7.2L10 17.2l-6.8-3.6V6.4zM3.4 6.5 10 10l6.6-3.5M10 10v7',
} as const;

export type IconName = keyof typeof PATHS;

/** A drawing beside words, or on a button that has its words elsewhere. */
export function Icon({ name, className = 'size-5' }: { name: IconName; className?: string }) {
  return (
    <svg viewBox="0 0 20 20" aria-hidden="true" className={`shrink-0 fill-none stroke-current ${className}`}>
      <path d={PATHS[name]} strokeWidth="1.6" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
