#!/usr/bin/env python3
"""The checks find what they are there to find, and let pass what is right."""

import unittest

import banned
import cpp_text
import hygiene
import layers

CMAKE = """
quicether_layer(base DIRS base LINK Boost::headers)
quicether_layer(core_wire DIRS core/wire DEPS base)
quicether_layer(core_crypto DIRS core/crypto DEPS base PRIVATE QuicEther::tls)
quicether_layer(core_quic DIRS core/quic
                DEPS base core_crypto PRIVATE quicether_ngtcp2)
quicether_layer(env DIRS env DEPS base)
quicether_layer(shell DIRS shell DEPS env core_wire core_quic)
quicether_layer(platform DIRS platform/linux DEPS env)
"""
INCLUDE = "libquicether/include/quicether/"
SRC = "libquicether/src/"


class LayerEdges(unittest.TestCase):
    def findings(self, path, text):
        return [message for _, message in
                layers.check_library_file(path, text, layers.Layers(CMAKE))]

    def test_accepts(self):
        for path, include in [
            (SRC + "core/wire/a.cpp", "<quicether/base/bytes.hpp>"),
            (SRC + "core/wire/a.cpp", '"core/wire/b.hpp"'),
            (SRC + "core/wire/a.cpp", '"b.hpp"'),
            (SRC + "core/quic/a.cpp", "<quicether/core/crypto/hash.hpp>"),
            (SRC + "core/quic/a.cpp", "<ngtcp2/ngtcp2.h>"),
            (SRC + "core/quic/tls_glue.cpp", "<openssl/ssl.h>"),
            (SRC + "core/crypto/a.cpp", "<openssl/evp.h>"),
            (SRC + "shell/a.cpp", "<boost/asio/post.hpp>"),
            (SRC + "platform/linux/a.cpp", "<sys/socket.h>"),
            (INCLUDE + "transport.hpp", "<quicether/env/timer.hpp>"),
            (INCLUDE + "base/a.hpp", "<boost/system/result.hpp>"),
            (SRC + "base/a.cpp", "<quicether/version.hpp>"),
        ]:
            with self.subTest(path=path, include=include):
                self.assertEqual(self.findings(path, f"#include {include}\n"), [])

    def test_refuses(self):
        for path, include in [
            (SRC + "base/a.cpp", "<quicether/core/wire/varint.hpp>"),
            (SRC + "core/wire/a.cpp", "<quicether/core/quic/endpoint.hpp>"),
            (SRC + "core/wire/a.cpp", "<quicether/env/timer.hpp>"),
            (SRC + "core/wire/a.cpp", "<boost/asio/post.hpp>"),
            (SRC + "core/wire/a.cpp", "<boost/container/flat_map.hpp>"),
            (SRC + "core/wire/a.cpp", "<openssl/evp.h>"),
            (SRC + "core/wire/a.cpp", "<netinet/in.h>"),
            (SRC + "core/quic/connection.cpp", "<openssl/ssl.h>"),
            (SRC + "core/crypto/a.cpp", "<ngtcp2/ngtcp2.h>"),
            (SRC + "platform/linux/a.cpp", "<quicether/transport.hpp>"),
            (SRC + "shell/a.cpp", '"platform/linux/clock.hpp"'),
            (SRC + "nowhere/a.cpp", "<vector>"),
            (INCLUDE + "core/quic/a.hpp", "<ngtcp2/ngtcp2.h>"),
            (INCLUDE + "core/crypto/a.hpp", "<openssl/evp.h>"),
            (INCLUDE + "env/a.hpp", "<sys/socket.h>"),
            (INCLUDE + "transport.hpp", '"shell/transport_impl.hpp"'),
        ]:
            with self.subTest(path=path, include=include):
                self.assertEqual(len(self.findings(path, f"#include {include}\n")), 1)

    def test_programs_see_public_headers_only(self):
        def findings(include):
            return list(layers.check_app_file("apps/qed/main.cpp", f"#include {include}\n"))

        self.assertEqual(findings("<quicether/node.hpp>"), [])
        self.assertEqual(findings('"options.hpp"'), [])
        self.assertEqual(len(findings('"shell/stream_state.hpp"')), 1)
        self.assertEqual(len(findings('"../../libquicether/src/shell/waiter.hpp"')), 1)
        self.assertEqual(len(findings("<quicether/detail/initiate.hpp>")), 1)
        self.assertEqual(len(findings("<openssl/ssl.h>")), 1)

    def test_qed_is_thin(self):
        half = "x;\n" * (layers.QED_LINES_MAX // 2)
        self.assertEqual(list(layers.check_qed([half, half])), [])
        self.assertEqual(len(list(layers.check_qed([half, half, half]))), 1)


class BannedCalls(unittest.TestCase):
    def findings(self, text, path=SRC + "core/wire/a.cpp", counterpart=""):
        return [message for _, message in banned.check_file(path, text, counterpart)]

    def test_refuses(self):
        for text in [
            "auto t = std::chrono::steady_clock::now();",
            "boost::asio::steady_timer timer{executor};",
            "asio::cancel_after(token, time)",
            "std::random_device seed;",
            "int x = rand();",
            "getrandom(p, n, 0);",
            "std::this_thread::sleep_for(time);",
            'std::cout << "x";',
            'printf("x");',
            'std::fprintf(stderr, "x");',
            "assert(x);",
            "std::regex pattern;",
            "#include <iostream>",
            "#pragma once",
            '#include "other.cpp"',
            "co_await x;",
            "std::shared_ptr<int> p;",
            'std::system("ip link");',
            "// TODO: later",
            "/* FIXME */",
            "std::unordered_map<int, int> table_;\nfor (auto& entry : table_) {}",
            "std::unordered_set<int> set_;\nauto it = set_.begin();",
        ]:
            with self.subTest(text=text):
                self.assertEqual(len(self.findings(text)), 1)

    def test_accepts(self):
        for text in [
            "// Not steady_clock::now(): env.now().",
            'log("printf() rand() assert(x)");',
            'auto text = R"(std::cout << rand())";',
            "env.random().fill(bytes);",
            "int n = std::snprintf(out, size, format);",
            "static_assert(sizeof(int) == 4);",
            "QE_ASSERT(x);",
            "boost::system::error_code error;",
            "// TODO(#12): when paths can be relayed.",
            "std::unordered_map<int, int> table_;\nauto it = table_.find(3);",
            "std::map<int, int> table_;\nfor (auto& entry : table_) {}",
            "constexpr auto n = 1'000'000; assertion(n); // it's",
        ]:
            with self.subTest(text=text):
                self.assertEqual(self.findings(text), [])

    def test_member_declared_in_the_header(self):
        found = self.findings("for (auto& entry : table_) {}", counterpart=
                              "std::unordered_map<int, std::vector<int>> table_;")
        self.assertEqual(len(found), 1)

    def test_exempt_places(self):
        clock = "auto t = std::chrono::steady_clock::now();"
        self.assertEqual(self.findings(clock, SRC + "platform/linux/clock.cpp"), [])
        self.assertEqual(self.findings("co_await x;", SRC + "shell/a.cpp"), [])
        self.assertEqual(self.findings('printf("x");', "apps/quicether/main.cpp"), [])
        self.assertEqual(len(self.findings("std::this_thread::sleep_for(t);", "tests/sim/a.cpp")), 1)


class Hygiene(unittest.TestCase):
    def test_guards(self):
        for path, guard in [
            (INCLUDE + "base/node_id.hpp", "QUICETHER_BASE_NODE_ID_HPP"),
            (INCLUDE + "node.hpp", "QUICETHER_NODE_HPP"),
            (SRC + "shell/waiter.hpp", "QUICETHER_SRC_SHELL_WAITER_HPP"),
            ("tests/support/simulate.hpp", "QUICETHER_TESTS_SUPPORT_SIMULATE_HPP"),
        ]:
            with self.subTest(path=path):
                self.assertEqual(hygiene.guard_of(path), guard)
                right = f"#ifndef {guard}\n#define {guard}\n\n#endif  // {guard}\n"
                wrong = right.replace("QUICETHER", "QUICETHER_X")
                self.assertEqual(list(hygiene.check_file(path, right, False)), [])
                self.assertEqual(len(list(hygiene.check_file(path, wrong, False))), 2)
                self.assertEqual(hygiene.with_guard(path, wrong), right)

    def test_modes_and_text(self):
        def findings(path, text, executable=False):
            return len(list(hygiene.check_file(path, text, executable)))

        self.assertEqual(findings("a.sh", "#!/bin/sh\n", True), 0)
        self.assertEqual(findings("a.sh", "#!/bin/sh\n", False), 1)
        self.assertEqual(findings("a.md", "text\n", True), 1)
        self.assertEqual(findings("a.md", "text \n"), 1)
        self.assertEqual(findings("a.md", "text"), 1)
        self.assertEqual(findings("a.md", "see " + "/ro" + "ot/x\n"), 1)
        self.assertEqual(findings("a.md", "see ~/work/x and docs/work/x\n"), 0)
        self.assertEqual(findings("a.md", "http://deb." + "debian.org/debian\n"), 1)


class CppText(unittest.TestCase):
    def test_lines_stay(self):
        text = 'int a; /* one\ntwo */ "x\\"y" // three\nint b;\n'
        self.assertEqual(cpp_text.code_only(text).count("\n"), 3)
        self.assertIn("int b;", cpp_text.code_only(text))
        self.assertNotIn("two", cpp_text.code_only(text))
        self.assertIn("three", cpp_text.comments_only(text))
        self.assertNotIn("int b", cpp_text.comments_only(text))


if __name__ == "__main__":
    unittest.main()
