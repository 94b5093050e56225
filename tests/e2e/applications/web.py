"""Larger parts of the library: URLs, mail, XML, tests, pools of threads and of processes, introspection."""
import ast
import calendar
import concurrent.futures
import difflib
import dis
import email
import email.message
import html.parser
import http.cookies
import inspect
import logging.config
import multiprocessing
import threading
import timeit
import tomllib
import traceback
import typing
import unittest
import urllib.request
import wsgiref.simple_server
import xml.dom.minidom
import xml.etree.ElementTree
import xml.sax
import xmlrpc.client


class Page(html.parser.HTMLParser):
    def handle_starttag(self, tag, attributes):
        print(tag)


class Case(unittest.TestCase):
    def runTest(self):
        with self.assertLogs() as logs:
            logging.warning("x")
        self.assertEqual(len(logs.output), 1)


def page(environment, start):
    start("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def function(number: int) -> "str":
    return str(number)


def child(queue):
    queue.put(3)


server = wsgiref.simple_server.make_server("127.0.0.1", 0, page)
threading.Thread(target=server.handle_request, daemon=True).start()
print(urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/").read())
message = email.message.EmailMessage()
message["Subject"] = "h\u00e4"
message.set_content("\u00fc")
print(email.message_from_string(message.as_string())["Subject"])
print(xml.etree.ElementTree.fromstring("<a><b/></a>").find("./b"), xml.dom.minidom.parseString("<a/>").toxml())
xml.sax.parseString("<a/>", xml.sax.ContentHandler())
print(xmlrpc.client.dumps((1,)), tomllib.loads("a=1"), http.cookies.SimpleCookie("a=b")["a"].value)
assert unittest.TextTestRunner().run(Case()).wasSuccessful()
logging.config.dictConfig({"version": 1, "handlers": {"h": {"class": "logging.StreamHandler"}}, "root": {"handlers": ["h"]}})
with concurrent.futures.ThreadPoolExecutor(2) as executor:
    print(list(executor.map(len, ["a", "bb"])))
print(inspect.signature(function), typing.get_type_hints(function), len(list(dis.get_instructions(function))) > 2)
print(ast.unparse(ast.parse("a + b")), timeit.timeit("1", number=1) >= 0, list(difflib.unified_diff(["a"], ["b"]))[:1])
print(traceback.format_exception_only(ValueError("x")), calendar.month(2024, 1)[:8])
Page().feed("<b>&amp;</b>")
context = multiprocessing.get_context("fork")
queue = context.Queue()
process = context.Process(target=child, args=(queue,))
process.start()
print(queue.get())
process.join()
with context.Pool(1) as pool:
    print(pool.map(abs, [-1]))
print("the end")
