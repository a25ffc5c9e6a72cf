-- Which of the purchases with the numbers $1 the ledger has: standing, archived or voided.
--
-- Each part goes by its table's primary key. A number is unique over all sales.
SELECT purchase_no FROM purchases WHERE purchase_no = ANY($1)
UNION
SELECT purchase_no FROM purchases_archive WHERE purchase_no = ANY($1)
UNION
SELECT purchase_no FROM voided WHERE purchase_no = ANY($1)
