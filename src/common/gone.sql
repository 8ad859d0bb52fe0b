-- Tags and parameters refer to what carries them by model and key; they go when it goes, also when it goes with something else.
CREATE TRIGGER part_gone AFTER DELETE ON part BEGIN
    DELETE FROM tagged_item WHERE model_type = 'part' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'part.part' AND model_id = old.id;
END;
CREATE TRIGGER part_category_gone AFTER DELETE ON part_category BEGIN
    DELETE FROM tagged_item WHERE model_type = 'partcategory' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'part.partcategory' AND model_id = old.id;
END;
CREATE TRIGGER company_gone AFTER DELETE ON company BEGIN
    DELETE FROM tagged_item WHERE model_type = 'company' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'company.company' AND model_id = old.id;
END;
CREATE TRIGGER manufacturer_part_gone AFTER DELETE ON manufacturer_part BEGIN
    DELETE FROM tagged_item WHERE model_type = 'manufacturerpart' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'company.manufacturerpart' AND model_id = old.id;
END;
CREATE TRIGGER supplier_part_gone AFTER DELETE ON supplier_part BEGIN
    DELETE FROM tagged_item WHERE model_type = 'supplierpart' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'company.supplierpart' AND model_id = old.id;
END;
CREATE TRIGGER stock_location_gone AFTER DELETE ON stock_location BEGIN
    DELETE FROM tagged_item WHERE model_type = 'stocklocation' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'stock.stocklocation' AND model_id = old.id;
END;
CREATE TRIGGER stock_item_gone AFTER DELETE ON stock_item BEGIN
    DELETE FROM tagged_item WHERE model_type = 'stockitem' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'stock.stockitem' AND model_id = old.id;
END;
