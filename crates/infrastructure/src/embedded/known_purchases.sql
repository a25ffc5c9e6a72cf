-- Which of the purchases with the numbers ?1, a JSON array, the ledger has: standing, archived or
-- voided.
--
-- Each part goes by a unique index. A number is unique over all sales.
SELECT purchase_no FROM purchases WHERE purchase_no IN (SELECT value FROM json_each(?1))
UNION
SELECT purchase_no FROM purchases_archive WHERE purchase_no IN (SELECT value FROM json_each(?1))
UNION
SELECT purchase_no FROM voided WHERE purchase_no IN (SELECT value FROM json_each(?1))
