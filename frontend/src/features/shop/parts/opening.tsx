import { useShopTexts } from '../../../texts/use-shop-texts';

const TILES = [1, 2, 3];

/** What stands there for the moment until the first word of the server: the shape of what comes. */
export function Opening({ shape }: { shape: 'sale' | 'front' }) {
  const { page } = useShopTexts().texts;
  return (
    <div role="status">
      {shape === 'sale' ? (
        <h1 className="sr-only">{page.opening}</h1>
      ) : (
        <p className="sr-only">{page.opening}</p>
      )}
      {shape === 'sale' ? (
        <div aria-hidden="true" className="sale gap-6 md:grid-cols-2 md:items-start md:gap-12">
          <div className="sale-picture hollow rounded-3xl" />
          <div className="flex flex-col gap-5">
            <div className="hollow h-8 w-32 rounded-full" />
            <div className="hollow h-10 w-4/5 rounded-xl" />
            <div className="hollow h-24 rounded-xl" />
            <div className="hollow h-14 rounded-2xl" />
          </div>
        </div>
      ) : (
        <div aria-hidden="true" className="flex flex-col gap-5 sm:gap-6">
          <div className="hollow h-128 rounded-3xl md:h-104" />
          <div className="tiles">
            {TILES.map((tile) => (
              <div key={tile} className="hollow h-96 rounded-3xl" />
            ))}
          </div>
        </div>
      )}
    </div>
  );
}
