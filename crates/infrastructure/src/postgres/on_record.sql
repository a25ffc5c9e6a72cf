-- The epoch of the sale $1, if it is not deleted, which of the purchases with the numbers $2 are on
-- record (standing, cancelled or archived), and which were given up. One row.
--
-- Each part goes by its table's primary key. A number is unique over all sales.
SELECT
    (SELECT epoch_number FROM sales WHERE generation = $1 AND deleted_at IS NULL) AS epoch_number,
    (SELECT epoch_nonce FROM sales WHERE generation = $1 AND deleted_at IS NULL) AS epoch_nonce,
    ARRAY(
        SELECT purchase_no FROM purchases WHERE purchase_no = ANY($2)
        UNION
        SELECT purchase_no FROM purchases_archive WHERE purchase_no = ANY($2)
    ) AS numbers,
    ARRAY(SELECT purchase_no FROM voided WHERE purchase_no = ANY($2)) AS voided
