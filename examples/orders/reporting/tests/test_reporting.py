"""What the reporting tool promises, without a network."""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

from orders_reporting import cli, exports, feeds, links, page, settings
from orders_reporting.store import Day, Store

ORDERS = [
    {
        "id": 1,
        "customer": "ada",
        "status": "PLACED",
        "placedAt": "2024-03-01T09:30:00Z",
        "lines": [{"quantity": 2, "unitCents": 450}, {"quantity": 1, "unitCents": 1200}],
    },
    {
        "id": 2,
        "customer": "grace",
        "status": "SHIPPED",
        "placedAt": "2024-03-02T10:00:00Z",
        "lines": [{"quantity": 1, "unitCents": 999}],
    },
]


class WithFolder(unittest.TestCase):
    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)


class StoreTest(WithFolder):
    def setUp(self) -> None:
        super().setUp()
        self.store = Store(str(self.folder / "reporting.sqlite"))
        self.addCleanup(self.store.close)
        self.store.save(ORDERS)

    def test_days_add_up_orders_and_money(self) -> None:
        self.assertEqual(self.store.days("2024-03-01"), [Day("2024-03-01", 1, 2100), Day("2024-03-02", 1, 999)])

    def test_days_begin_where_asked(self) -> None:
        self.assertEqual([day.day for day in self.store.days("2024-03-02")], ["2024-03-02"])

    def test_saving_again_replaces(self) -> None:
        self.store.save(ORDERS)
        self.assertEqual(len(self.store.find("ada")), 1)

    def test_a_customer_can_be_forgotten(self) -> None:
        self.assertEqual(self.store.forget("ada"), 1)
        self.assertEqual(self.store.find("ada"), [])


class ExportsTest(WithFolder):
    def test_a_csv_has_a_header_and_a_line_per_row(self) -> None:
        path = exports.write_csv([{"id": 1, "cents": 2100}], self.folder / "out", "day")
        self.assertEqual(path.read_text(encoding="utf-8").splitlines(), ["id,cents", "1,2100"])

    def test_what_was_packed_unpacks(self) -> None:
        exports.write_csv([{"id": 1}], self.folder / "out", "day")
        archive = exports.pack(self.folder / "out", self.folder / "out.tar")
        self.assertIn("./day.csv", exports.unpack(archive, self.folder / "back"))
        self.assertTrue((self.folder / "back" / "day.csv").is_file())


class SettingsTest(WithFolder):
    def test_what_the_file_says_wins(self) -> None:
        path = self.folder / "reporting.yaml"
        path.write_text("currency: CHF\n", encoding="utf-8")
        self.assertEqual(settings.load(path), settings.Settings(currency="CHF"))

    def test_unknown_settings_are_refused(self) -> None:
        path = self.folder / "reporting.yaml"
        path.write_text("curency: CHF\n", encoding="utf-8")
        with self.assertRaisesRegex(ValueError, "curency"):
            settings.load(path)


class FeedsTest(WithFolder):
    def test_a_carriers_feed_gives_tracking_numbers(self) -> None:
        xml = '<feed><parcel order="1"><tracking>T-77</tracking></parcel></feed>'
        self.assertEqual(feeds.deliveries(xml), {"1": "T-77"})

    def test_the_cache_remembers(self) -> None:
        self.assertEqual(feeds.recall(self.folder / "cache"), {})
        feeds.remember(self.folder / "cache", {"since": "2024-03-01"})
        self.assertEqual(feeds.recall(self.folder / "cache"), {"since": "2024-03-01"})


class PageTest(unittest.TestCase):
    def test_a_page_shows_money_with_two_decimals(self) -> None:
        self.assertIn("<td>21.00 EUR</td>", page.render("Orders", [Day("2024-03-01", 1, 2100)], "EUR"))

    def test_share_tokens_have_the_asked_length_and_differ(self) -> None:
        self.assertEqual(len(links.share_token(12)), 12)
        self.assertNotEqual(links.share_token(), links.share_token())

    def test_an_etag_and_a_signature_follow_their_input(self) -> None:
        self.assertEqual(links.etag(b"a"), links.etag(b"a"))
        self.assertNotEqual(links.etag(b"a"), links.etag(b"b"))
        self.assertNotEqual(links.signature("/report", "k1"), links.signature("/report", "k2"))


class CommandTest(WithFolder):
    def test_the_command_prints_a_line_per_day_and_writes_the_export(self) -> None:
        database = self.folder / "reporting.sqlite"
        store = Store(str(database))
        store.save(ORDERS)
        store.close()
        config = self.folder / "reporting.yaml"
        config.write_text(f"database: {database}\nexports: {self.folder / 'out'}\n", encoding="utf-8")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            code = cli.main(["--settings", str(config), "--since", "2024-03-01", "--offline"])
        self.assertEqual(code, 0)
        self.assertEqual(len(printed.getvalue().splitlines()), 2)
        self.assertTrue((self.folder / "out" / "orders-since-2024-03-01.csv").is_file())


if __name__ == "__main__":
    unittest.main()
