/** Abstract artwork in a hue of the sku's own, for a product without a picture; fills what it stands in. */
export function Artwork({ sku }: { sku: string }) {
  return (
    <div aria-hidden="true" className="artwork absolute inset-0" style={{ '--hue': hueOf(sku) }}>
      <svg
        aria-hidden="true"
        viewBox="0 0 400 400"
        preserveAspectRatio="xMidYMid slice"
        className="absolute inset-0 size-full"
      >
        <g fill="none" stroke="white" strokeLinecap="round">
          {STRIDES.map(({ y, from, to, width, opacity }) => (
            <path key={y} d={`M${from} ${y}H${to}`} strokeWidth={width} strokeOpacity={opacity} />
          ))}
        </g>
      </svg>
      <svg aria-hidden="true" viewBox="110 84 182 236" className="absolute inset-0 m-auto h-3/5">
        <path d="M226 92 122 224h64l-14 88 108-136h-66z" fill="white" />
      </svg>
    </div>
  );
}

/** Lines of speed to both sides of the bolt. */
const STRIDES = [
  { y: 118, from: -20, to: 120, width: 6, opacity: 0.35 },
  { y: 152, from: 306, to: 420, width: 4, opacity: 0.3 },
  { y: 182, from: -20, to: 72, width: 4, opacity: 0.5 },
  { y: 214, from: 330, to: 420, width: 8, opacity: 0.22 },
  { y: 248, from: -20, to: 112, width: 10, opacity: 0.2 },
  { y: 280, from: 286, to: 420, width: 5, opacity: 0.42 },
];

const HUE_FROM = 225;
const HUE_TO = 365;

/** Blue over violet to rose: the other hues turn muddy next to each other. */
function hueOf(sku: string): number {
  let sum = 0;
  for (const character of sku) sum = (sum * 31 + character.charCodeAt(0)) % 9973;
  return HUE_FROM + (sum % (HUE_TO - HUE_FROM));
}
