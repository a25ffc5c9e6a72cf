import 'react';

// React takes custom properties in `style`, its types do not know ours.
declare module 'react' {
  interface CSSProperties {
    '--hue'?: number;
  }
}
