#!/usr/bin/env python3
"""A short working day with the official Python client (`pip install inventree`) against a running server.

    client_smoke.py http://127.0.0.1:8000 USER PASSWORD

Everything goes through the client's own classes: what fails here fails for people's scripts. Each run works below a category and a location of its
own name, so that it can be repeated on the same data folder.
"""
import logging
import sys
import time
from decimal import Decimal

import inventree
from inventree.api import InvenTreeAPI
from inventree.build import Build
from inventree.company import Company, SupplierPart
from inventree.part import BomItem, Part, PartCategory
from inventree.purchase_order import PurchaseOrder
from inventree.sales_order import SalesOrder
from inventree.stock import StockItem, StockItemTracking, StockLocation


def same(what, got, want):
    if isinstance(want, (int, float, Decimal)) and not isinstance(want, bool) and got is not None:
        ok = Decimal(str(got)) == Decimal(str(want))
    else:
        ok = got == want
    if not ok:
        sys.exit(f"{what}: want {want!r}, got {got!r}")


def true(what, ok):
    if not ok:
        sys.exit(f"not so: {what}")


def main(base, user, password):
    # letters only: a search looks for each of its words anywhere, and digits would find the "07" of a part in the name of the run
    run = "smoke-" + "".join("abcdefghij"[int(digit)] for digit in str(time.time_ns() // 1000000))

    api = InvenTreeAPI(base, username=user, password=password)
    true("a token came", bool(api.token))
    true("the API version is one the client supports", api.api_version >= InvenTreeAPI.getMinApiVersion())
    # the token alone must do, as in scripts that keep it
    InvenTreeAPI(base, token=api.token)
    logging.disable(logging.CRITICAL)  # the client would log the refusal that is wanted here
    try:
        InvenTreeAPI(base, username=user, password=password + "-wrong")
        sys.exit("a wrong password was let in")
    except ConnectionError:
        pass
    logging.disable(logging.NOTSET)

    # categories, three levels deep
    top = PartCategory.create(api, {"name": run, "description": "Made by the smoke test"})
    middle = PartCategory.create(api, {"name": "Passives", "description": "", "parent": top.pk})
    leaf = PartCategory.create(api, {"name": "Resistors", "description": "", "parent": middle.pk})
    same("level of the third category", PartCategory(api, leaf.pk).level, 2)
    same("its path", PartCategory(api, leaf.pk).pathstring, f"{run}/Passives/Resistors")
    same("parent through the client", leaf.getParentCategory().pk, middle.pk)
    same("children through the client", [c.pk for c in middle.getChildCategories()], [leaf.pk])

    # 20 parts
    parts = [Part.create(api, {"name": f"{run} resistor {n:02}", "description": f"{n * 10} ohm, 1 %", "IPN": f"{run}-{n:02}", "category": leaf.pk,
                               "component": True, "purchaseable": True, "active": True, "units": "", "keywords": "smd 0603"}) for n in range(1, 21)]
    same("parts in the third category", len(leaf.getParts()), 20)
    same("parts below the first category", len(Part.list(api, category=top.pk, cascade=True)), 20)
    same("parts right in the first category", len(Part.list(api, category=top.pk, cascade=False)), 0)
    same("the client's count", Part.count(api, category=leaf.pk), 20)
    page = Part.list(api, category=leaf.pk, limit=6, offset=18, ordering="name")
    same("the last page", [p.name for p in page], [f"{run} resistor 19", f"{run} resistor 20"])
    same("search by name", [p.pk for p in Part.list(api, search=f"{run} resistor 07")], [parts[6].pk])
    same("search by IPN", [p.pk for p in Part.list(api, search=f"{run}-13")], [parts[12].pk])
    same("search for nothing there", Part.list(api, search=f"{run} no such part"), [])
    same("filter by IPN", [p.pk for p in Part.list(api, IPN=f"{run}-04")], [parts[3].pk])

    # a change, read back by another object
    parts[0].save({"description": "Changed by the smoke test", "minimum_stock": 5})
    again = Part(api, parts[0].pk)
    same("description after save", again.description, "Changed by the smoke test")
    same("minimum stock after save", again.minimum_stock, 5)
    same("category through the client", again.getCategory().pk, leaf.pk)

    # locations, three levels deep
    room = StockLocation.create(api, {"name": run, "description": "Made by the smoke test"})
    shelf = StockLocation.create(api, {"name": "Shelf", "description": "", "parent": room.pk})
    box = StockLocation.create(api, {"name": "Box", "description": "", "parent": shelf.pk})
    same("path of the box", StockLocation(api, box.pk).pathstring, f"{run}/Shelf/Box")
    same("children of the room", [c.pk for c in room.getChildLocations()], [shelf.pk])
    same("parent of the box", box.getParentLocation().pk, shelf.pk)

    # stock: 100 of each of five parts in the box
    items = []
    for p in parts[:5]:
        made = StockItem.create(api, {"part": p.pk, "quantity": 100, "location": box.pk, "delete_on_deplete": False})
        same("items made at once", len(made), 1)
        items += made
    same("items in the box", len(box.getStockItems()), 5)
    same("items below the room", len(StockItem.list(api, location=room.pk, cascade=True)), 5)
    same("stock of a part", [s.pk for s in parts[1].getStockItems()], [items[1].pk])
    same("in stock", Part(api, parts[1].pk).in_stock, 100)

    # count, add, remove, transfer
    item = items[0]
    item.countStock(80, notes="Counted")
    item.reload()
    same("quantity after count", item.quantity, 80)
    true("a stocktake date", bool(item.stocktake_date))
    item.addStock(15.5, notes="Added")
    item.reload()
    same("quantity after add", item.quantity, 95.5)
    item.removeStock(0.25, notes="Removed")
    item.reload()
    same("quantity after remove", item.quantity, 95.25)
    item.transferStock(shelf, notes="Moved whole")
    item.reload()
    same("place after transfer", item.location, shelf.pk)
    same("quantity after transfer", item.quantity, 95.25)
    same("location through the client", item.getLocation().pk, shelf.pk)
    same("part through the client", item.getPart().pk, parts[0].pk)

    # a part of the quantity goes to another place and becomes an item of its own
    items[1].transferStock(room, quantity=30, notes="Moved some")
    items[1].reload()
    same("what stayed", items[1].quantity, 70)
    same("where it stayed", items[1].location, box.pk)
    moved = StockItem.list(api, part=parts[1].pk, location=room.pk, cascade=False)
    same("what went", [Decimal(str(s.quantity)) for s in moved], [Decimal(30)])
    same("in stock in both places", Part(api, parts[1].pk).in_stock, 100)

    # several at once
    StockItem.addStockItems(api, [{"pk": s.pk, "quantity": 1} for s in items[2:]], notes="One more each")
    same("quantities after adding to several", [Decimal(str(StockItem(api, s.pk).quantity)) for s in items[2:]], [Decimal(101)] * 3)

    # history
    if api.api_version <= StockItemTracking.MAX_API_VERSION:
        history = item.getTrackingEntries(ordering="date")
        true("a first entry and four after it", len(history) >= 5)
        notes = [h.notes for h in history]
        for note in ("Counted", "Added", "Removed", "Moved whole"):
            true(f"a tracking entry says {note!r}", note in notes)
        true("every entry belongs to the item", all(h.item == item.pk for h in history))

    # what cannot be is refused with a message
    try:
        item.removeStock(-1)
        sys.exit("a negative quantity was accepted")
    except Exception as e:  # the client raises requests.HTTPError with the answer in its text
        true("the refusal is a 400", getattr(getattr(e, "response", None), "status_code", 400) == 400 and "400" in str(e))

    # deletion
    spare = Part.create(api, {"name": f"{run} spare", "description": "To be deleted", "category": top.pk})
    spare.save({"active": False})
    spare.delete()
    same("a deleted part", Part.list(api, search=f"{run} spare"), [])

    trade(api, run, room)

    print(f"inventree {inventree.base.INVENTREE_PYTHON_VERSION} against API {api.api_version}: 3 categories, 20 parts, 3 places, "
          f"{len(items) + 1} stock items, count, add, remove, transfer, history; bought, built and sold: all as expected")


def trade(api, run, room):
    """Screws are bought, boxes built of them, and two boxes sold."""
    maker = Company.create(api, {"name": f"{run} maker", "is_supplier": True, "currency": "USD"})
    buyer = Company.create(api, {"name": f"{run} buyer", "is_customer": True, "currency": "USD"})
    screw = Part.create(api, {"name": f"{run} screw", "description": "", "component": True, "purchaseable": True})
    box = Part.create(api, {"name": f"{run} box", "description": "", "assembly": True, "salable": True})
    BomItem.create(api, {"part": box.pk, "sub_part": screw.pk, "quantity": 4})
    offer = SupplierPart.create(api, {"part": screw.pk, "supplier": maker.pk, "SKU": run})

    purchase = PurchaseOrder.create(api, {"supplier": maker.pk})
    purchase.addLineItem(part=offer.pk, quantity=100, purchase_price=0.05)
    purchase.issue()
    same("on order", Part(api, screw.pk).ordering, 100)
    purchase.receiveAll(location=room.pk)
    same("received", Part(api, screw.pk).in_stock, 100)
    same("nothing more on order", Part(api, screw.pk).ordering, 0)
    same("what it costs", PurchaseOrder(api, purchase.pk).total_price, 5)

    build = Build.create(api, {"part": box.pk, "quantity": 5, "title": run, "destination": room.pk})
    build.issue()
    api.post(f"build/{build.pk}/create-output/", {"quantity": 5})
    api.post(f"build/{build.pk}/auto-allocate/", {"location": room.pk})
    output = StockItem.list(api, build=build.pk, is_building=True)[0]
    api.post(f"build/{build.pk}/complete/", {"outputs": [{"output": output.pk}], "location": room.pk, "status_custom_key": 10})
    api.post(f"build/{build.pk}/finish/", {})
    same("built", Build(api, build.pk).completed, 5)
    same("screws left", Part(api, screw.pk).in_stock, 80)
    same("boxes", Part(api, box.pk).in_stock, 5)

    sale = SalesOrder.create(api, {"customer": buyer.pk})
    line = sale.addLineItem(part=box.pk, quantity=2, sale_price=9.5)
    sale.issue()
    shipment = sale.addShipment("First")
    line.allocateToShipment(shipment, stockitems=[StockItem(api, output.pk)], quantity=2)
    shipment.complete(tracking_number="Letter")
    same("boxes left", Part(api, box.pk).in_stock, 3)
    same("what it brings", SalesOrder(api, sale.pk).total_price, 19)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
