-- Tags, attachments and parameters refer to what carries them by model and key; they go when it goes, also when it goes with something else.
CREATE TRIGGER part_gone AFTER DELETE ON part BEGIN
    DELETE FROM tagged_item WHERE model_type = 'part' AND model_id = old.id;
    DELETE FROM attachment WHERE model_type = 'part' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'part.part' AND model_id = old.id;
END;
CREATE TRIGGER part_category_gone AFTER DELETE ON part_category BEGIN
    DELETE FROM tagged_item WHERE model_type = 'partcategory' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'part.partcategory' AND model_id = old.id;
END;
CREATE TRIGGER company_gone AFTER DELETE ON company BEGIN
    DELETE FROM tagged_item WHERE model_type = 'company' AND model_id = old.id;
    DELETE FROM attachment WHERE model_type = 'company' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'company.company' AND model_id = old.id;
END;
CREATE TRIGGER manufacturer_part_gone AFTER DELETE ON manufacturer_part BEGIN
    DELETE FROM tagged_item WHERE model_type = 'manufacturerpart' AND model_id = old.id;
    DELETE FROM attachment WHERE model_type = 'manufacturerpart' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'company.manufacturerpart' AND model_id = old.id;
END;
CREATE TRIGGER supplier_part_gone AFTER DELETE ON supplier_part BEGIN
    DELETE FROM tagged_item WHERE model_type = 'supplierpart' AND model_id = old.id;
    DELETE FROM attachment WHERE model_type = 'supplierpart' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'company.supplierpart' AND model_id = old.id;
END;
CREATE TRIGGER stock_location_gone AFTER DELETE ON stock_location BEGIN
    DELETE FROM tagged_item WHERE model_type = 'stocklocation' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'stock.stocklocation' AND model_id = old.id;
END;
CREATE TRIGGER stock_item_gone AFTER DELETE ON stock_item BEGIN
    DELETE FROM tagged_item WHERE model_type = 'stockitem' AND model_id = old.id;
    DELETE FROM attachment WHERE model_type = 'stockitem' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'stock.stockitem' AND model_id = old.id;
END;
CREATE TRIGGER build_gone AFTER DELETE ON build BEGIN
    DELETE FROM tagged_item WHERE model_type = 'build' AND model_id = old.id;
    DELETE FROM attachment WHERE model_type = 'build' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'build.build' AND model_id = old.id;
END;
CREATE TRIGGER purchase_order_gone AFTER DELETE ON purchase_order BEGIN
    DELETE FROM tagged_item WHERE model_type = 'purchaseorder' AND model_id = old.id;
    DELETE FROM attachment WHERE model_type = 'purchaseorder' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'order.purchaseorder' AND model_id = old.id;
END;
CREATE TRIGGER sales_order_gone AFTER DELETE ON sales_order BEGIN
    DELETE FROM tagged_item WHERE model_type = 'salesorder' AND model_id = old.id;
    DELETE FROM attachment WHERE model_type = 'salesorder' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'order.salesorder' AND model_id = old.id;
END;
CREATE TRIGGER sales_order_shipment_gone AFTER DELETE ON sales_order_shipment BEGIN
    DELETE FROM tagged_item WHERE model_type = 'salesordershipment' AND model_id = old.id;
    DELETE FROM attachment WHERE model_type = 'salesordershipment' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'order.salesordershipment' AND model_id = old.id;
END;
CREATE TRIGGER return_order_gone AFTER DELETE ON return_order BEGIN
    DELETE FROM tagged_item WHERE model_type = 'returnorder' AND model_id = old.id;
    DELETE FROM attachment WHERE model_type = 'returnorder' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'order.returnorder' AND model_id = old.id;
END;
CREATE TRIGGER transfer_order_gone AFTER DELETE ON transfer_order BEGIN
    DELETE FROM tagged_item WHERE model_type = 'transferorder' AND model_id = old.id;
    DELETE FROM attachment WHERE model_type = 'transferorder' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'order.transferorder' AND model_id = old.id;
END;

-- Everything that a notification can be about, with its name and what people call its kind.
CREATE VIEW thing (model, id, name, title) AS
    SELECT 'part', id, name, 'Part' FROM part
    UNION ALL SELECT 'partcategory', id, name, 'Part Category' FROM part_category
    UNION ALL SELECT 'stockitem', s.id, p.name, 'Stock Item' FROM stock_item s JOIN part p ON p.id = s.part
    UNION ALL SELECT 'stocklocation', id, name, 'Stock Location' FROM stock_location
    UNION ALL SELECT 'company', id, name, 'Company' FROM company
    UNION ALL SELECT 'build', id, reference, 'Build Order' FROM build
    UNION ALL SELECT 'purchaseorder', id, reference, 'Purchase Order' FROM purchase_order
    UNION ALL SELECT 'salesorder', id, reference, 'Sales Order' FROM sales_order
    UNION ALL SELECT 'salesordershipment', id, reference, 'Sales Order Shipment' FROM sales_order_shipment
    UNION ALL SELECT 'returnorder', id, reference, 'Return Order' FROM return_order
    UNION ALL SELECT 'transferorder', id, reference, 'Transfer Order' FROM transfer_order
    UNION ALL SELECT 'user', id, username, 'User' FROM user
    UNION ALL SELECT 'error', id, info, 'Error' FROM error_report;
