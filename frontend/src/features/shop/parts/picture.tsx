import { useState } from 'react';
import { Artwork } from './artwork';

interface Props {
  sku: string;
  src: string | null;
  /** The first thing to see: it is loaded before everything else. */
  first?: boolean;
  className?: string;
}

/** A product's picture, or artwork of the sku's own where there is none or it does not load. */
export function Picture({ sku, src, first = false, className = '' }: Props) {
  const [broken, setBroken] = useState<string | null>(null);
  return (
    <div className={`relative isolate overflow-hidden bg-line ${className}`}>
      {src === null || src === broken ? (
        <Artwork sku={sku} />
      ) : (
        // Beside the product's name the picture says nothing more to who cannot see it.
        <img
          src={src}
          alt=""
          decoding="async"
          loading={first ? 'eager' : 'lazy'}
          fetchPriority={first ? 'high' : 'auto'}
          className="absolute inset-0 size-full object-cover"
          onError={() => setBroken(src)}
        />
      )}
    </div>
  );
}
