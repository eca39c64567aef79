"""The fake IIS, one file per noun: Python objects behind the vtables of Httpserv.h. The only importer of cffi.

``iis`` is the server, ``module`` a loaded DLL, ``exchange`` one request; ``objects`` makes an object callable from
native code, ``trace`` writes down what is called. It runs in the worker, and can be imported anywhere.
"""
