"""The simulation: what can be said of it without running it long."""

import unittest

import defaults
import page
import picture
from model import Scene, Simulation
from scenarios import TABLES

NUMBERS = defaults.everything()


def outcome(numbers=NUMBERS, **scene):
    return Simulation(Scene(numbers, **scene)).run()


class TestModel(unittest.TestCase):
    def test_a_seed_gives_one_outcome(self):
        scene = {"hosts": 3, "logins": 2000, "seconds": 1.0}
        waits = [outcome(seed=seed, **scene).waits["ours"] for seed in (1, 1, 2)]
        self.assertEqual(waits[0], waits[1])
        self.assertNotEqual(waits[0], waits[2])

    def test_a_first_login_takes_three_round_trips(self):
        [wait] = outcome(hosts=1, logins=1).waits["ours"]
        expected = 3 * NUMBERS["round_trip"] + NUMBERS["bind"] + NUMBERS["logon"]
        self.assertAlmostEqual(wait, expected)

    def test_each_login_has_one_end(self):
        for failure in ("", "refuses", "silent"):
            scene = {"controllers": 1, "hosts": 5, "seconds": 3.0, "elsewhere": 0.1}
            done = outcome(logins=9000, failure=failure, fails_at=1.0, **scene)
            ends = [len(done.waits[one]) + done.causes[one].total() for one in done.waits]
            self.assertEqual(sum(ends), 9000)

    def test_a_host_has_no_more_logons_under_way_than_it_may(self):
        for most in (1, 3, 16):
            numbers = {**NUMBERS, "host_logons": most}
            done = outcome(numbers, controllers=1, hosts=2, logins=5000, seconds=2.0)
            self.assertEqual(done.most_under_way, 2 * most)

    def test_a_login_that_no_controller_answers_is_refused(self):
        scene = {"controllers": 1, "hosts": 1, "logins": 50, "failure": "refuses"}
        done = outcome(fails_at=0.0, **scene)
        self.assertEqual(done.let_in("ours"), 0)
        self.assertEqual(done.causes["ours"].total(), 50)

    def test_a_controller_that_fails_is_left_for_the_other(self):
        scene = {"controllers": 2, "hosts": 4, "logins": 400, "seconds": 4.0}
        for failure in ("refuses", "silent"):
            done = outcome(failure=failure, fails_at=0.0, **scene)
            self.assertEqual(done.let_in("ours"), 1, failure)


class TestPage(unittest.TestCase):
    def test_times_are_read_as_they_are_written(self):
        self.assertEqual(defaults.seconds("25s"), 25)
        self.assertEqual(defaults.seconds("725us"), 725e-6)
        self.assertEqual(defaults.seconds("16"), 16)
        self.assertEqual(picture.seconds("12 ms"), 0.012)
        self.assertEqual(picture.seconds("3.4 s"), 3.4)
        self.assertIsNone(picture.seconds("–"))

    def test_a_page_gives_its_tables_back(self):
        tables = {table.name: ["| a |", "| --- |", f"| {table.name} |"] for table in TABLES}
        self.assertEqual(page.tables_of(page.whole(tables)), tables)


if __name__ == "__main__":
    unittest.main()
