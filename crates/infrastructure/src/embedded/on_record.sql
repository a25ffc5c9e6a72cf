-- The epoch of the sale ?1, if it is not deleted, which of the purchases with the numbers ?2, a JSON
-- array, are on record (standing, cancelled or archived), and which were given up. One row.
--
-- Each part goes by a unique index. A number is unique over all sales.
SELECT
    (SELECT epoch_number FROM sales WHERE generation = ?1 AND deleted_at IS NULL),
    (SELECT epoch_nonce FROM sales WHERE generation = ?1 AND deleted_at IS NULL),
    (SELECT json_group_array(purchase_no) FROM (
        SELECT purchase_no FROM purchases
        WHERE purchase_no IN (SELECT value FROM json_each(?2))
        UNION
        SELECT purchase_no FROM purchases_archive
        WHERE purchase_no IN (SELECT value FROM json_each(?2))
    )),
    (SELECT json_group_array(purchase_no) FROM voided
        WHERE purchase_no IN (SELECT value FROM json_each(?2)))
