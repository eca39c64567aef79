"""What a module can do to the server, told by what it imports: :func:`capabilities`.

An import is evidence that the code is there, not that it runs; and what a module looks up by name while it runs
(``GetProcAddress``) is not among the imports. Names of such functions in its strings count as weaker evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from pyiismod.inspection.image import Image

_GROUPS: Final[Mapping[str, tuple[str, str, frozenset[str]]]] = {
    "process": (
        "starts processes",
        "warning",
        frozenset(
            (
                *("CreateProcess", "CreateProcessAsUser", "CreateProcessWithLogon", "CreateProcessWithToken"),
                *("ShellExecute", "ShellExecuteEx", "WinExec", "system", "_wsystem", "_popen", "_wpopen"),
                *("_spawnl", "_spawnv", "_wspawnl", "_wspawnv", "_execl", "_execv", "NtCreateUserProcess"),
            )
        ),
    ),
    "injection": (
        "reads or changes other processes, or code in memory",
        "warning",
        frozenset(
            (
                *("OpenProcess", "WriteProcessMemory", "ReadProcessMemory", "VirtualAllocEx", "VirtualProtectEx"),
                *("CreateRemoteThread", "CreateRemoteThreadEx", "NtCreateThreadEx", "RtlCreateUserThread"),
                *("QueueUserAPC", "SetThreadContext", "NtMapViewOfSection", "NtUnmapViewOfSection"),
                *("SetWindowsHookEx", "CreateToolhelp32Snapshot", "EnumProcesses", "MiniDumpWriteDump"),
                *("NtWriteVirtualMemory", "NtProtectVirtualMemory", "FlushInstructionCache"),
            )
        ),
    ),
    "network": (
        "connects to others",
        "note",
        frozenset(
            (
                *("WinHttpOpen", "WinHttpConnect", "WinHttpSendRequest", "WinHttpOpenRequest", "InternetOpen"),
                *("InternetOpenUrl", "InternetConnect", "HttpSendRequest", "HttpOpenRequest", "InternetReadFile"),
                *("URLDownloadToFile", "URLDownloadToCacheFile", "connect", "WSAConnect", "WSAConnectByName"),
                *("WSASocket", "socket", "sendto", "send", "recv", "getaddrinfo", "GetAddrInfo", "gethostbyname"),
                *("DnsQuery_", "DnsQuery", "DnsQueryEx", "curl_easy_perform", "WSASend", "bind", "listen", "accept"),
            )
        ),
    ),
    "crypto": (
        "encrypts, decrypts, hashes or checks signatures",
        "note",
        frozenset(
            (
                *("CryptAcquireContext", "CryptEncrypt", "CryptDecrypt", "CryptHashData", "CryptDeriveKey"),
                *("CryptImportKey", "CryptGenKey", "CryptProtectData", "CryptUnprotectData", "CryptStringToBinary"),
                *("CryptBinaryToString", "CryptProtectMemory", "BCryptOpenAlgorithmProvider", "BCryptEncrypt"),
                *("BCryptDecrypt", "BCryptHashData", "BCryptImportKeyPair", "BCryptGenerateSymmetricKey"),
                *("NCryptOpenStorageProvider", "NCryptDecrypt", "NCryptSignHash", "EVP_EncryptInit_ex"),
                *("EVP_DecryptInit_ex", "WinVerifyTrust", "CertOpenStore", "CertOpenSystemStore", "PFXImportCertStore"),
            )
        ),
    ),
    "credentials": (
        "handles credentials or accounts",
        "warning",
        frozenset(
            (
                *("LogonUser", "LogonUserEx", "LsaLogonUser", "CredRead", "CredEnumerate", "CredWrite"),
                *("LsaRetrievePrivateData", "LsaStorePrivateData", "LsaOpenPolicy", "SamConnect", "SspiPromptForCred"),
                *("NetUserAdd", "NetUserSetInfo", "NetUserGetInfo", "NetLocalGroupAddMembers", "AcceptSecurityContext"),
                *("InitializeSecurityContext", "AcquireCredentialsHandle", "ldap_bind_s", "ldap_simple_bind_s"),
            )
        ),
    ),
    "impersonation": (
        "acts as somebody else",
        "note",
        frozenset(
            (
                *("ImpersonateLoggedOnUser", "SetThreadToken", "ImpersonateNamedPipeClient", "ImpersonateSelf"),
                *("DuplicateToken", "DuplicateTokenEx", "OpenProcessToken", "AdjustTokenPrivileges", "RevertToSelf"),
                *("ImpersonateAnonymousToken", "CoImpersonateClient", "RpcImpersonateClient", "CreateRestrictedToken"),
            )
        ),
    ),
    "files": (
        "writes, deletes or moves files",
        "note",
        frozenset(
            (
                *("WriteFile", "WriteFileEx", "DeleteFile", "MoveFile", "MoveFileEx", "CopyFile", "CopyFileEx"),
                *("CreateDirectory", "RemoveDirectory", "ReplaceFile", "SetFileAttributes", "SetFileTime"),
                *("SetFileSecurity", "fwrite", "fputs", "_write", "CreateHardLink", "CreateSymbolicLink"),
            )
        ),
    ),
    "registry": (
        "reads or writes the registry",
        "note",
        frozenset(
            (
                *("RegOpenKey", "RegOpenKeyEx", "RegCreateKey", "RegCreateKeyEx", "RegQueryValueEx", "RegGetValue"),
                *("RegSetValue", "RegSetValueEx", "RegSetKeyValue", "RegDeleteKey", "RegDeleteValue", "RegEnumKeyEx"),
                *("SHGetValue", "SHSetValue", "RegLoadKey", "RegSaveKey"),
            )
        ),
    ),
    "dotnet": (
        "hosts .NET",
        "note",
        frozenset(
            (
                *(
                    "CLRCreateInstance",
                    "CorBindToRuntimeEx",
                    "CorBindToRuntime",
                    "hostfxr_initialize_for_runtime_config",
                ),
                *("get_hostfxr_path", "coreclr_initialize", "LoadLibraryShim", "GetCLRRuntimeHost", "_CorDllMain"),
            )
        ),
    ),
    "services": (
        "controls services or scheduled tasks",
        "warning",
        frozenset(
            (
                *("OpenSCManager", "CreateService", "StartService", "ControlService", "DeleteService"),
                *("ChangeServiceConfig", "NetScheduleJobAdd"),
            )
        ),
    ),
    "loading": (
        "loads code or looks functions up while it runs",
        "note",
        frozenset(("LoadLibrary", "LoadLibraryEx", "GetProcAddress", "LdrLoadDll", "LdrGetProcedureAddress")),
    ),
    "evasion": (
        "looks for debuggers, or hides",
        "note",
        frozenset(
            (
                *("IsDebuggerPresent", "CheckRemoteDebuggerPresent", "NtQueryInformationProcess", "EtwEventWrite"),
                *("NtSetInformationThread", "AmsiScanBuffer", "AmsiInitialize"),
            )
        ),
    ),
}
_ALWAYS_THERE: Final = frozenset(("IsDebuggerPresent",))
"""What the C run-time itself imports."""


class Capability(msgspec.Struct, frozen=True):
    """``name`` is a stable word; ``evidence`` are ``"KERNEL32.dll!CreateProcessW"``, or texts of the file."""

    name: str
    text: str
    level: str
    evidence: tuple[str, ...]
    in_strings: tuple[str, ...] = ()


def capabilities(image: Image, strings: Iterable[str]) -> tuple[Capability, ...]:
    """Return what a module's imports allow it, the gravest first.

    Args:
        image: the module.
        strings: its texts, among which names of functions are looked for.
    """
    imported: dict[str, str] = {}
    for needs in (image.imports, image.delay_imports):
        for dll, symbols in needs.items():
            imported.update((symbol, f"{dll}!{symbol}") for symbol in symbols if isinstance(symbol, str))
    texts = [text for text in strings if text.isidentifier() and text not in imported]
    found = []
    for name, (text, level, functions) in _GROUPS.items():
        evidence = [where for symbol, where in imported.items() if _plain(symbol, functions) in functions]
        named = [text for text in dict.fromkeys(texts) if _plain(text, functions) in functions and len(text) > 7]
        if (evidence and not all(where.partition("!")[2] in _ALWAYS_THERE for where in evidence)) or named:
            found.append(Capability(name, text, level, tuple(evidence), tuple(named[:20])))
    return tuple(found)


def _plain(symbol: str, functions: frozenset[str]) -> str:
    """Return the name without the ending for ANSI or Unicode."""
    return symbol[:-1] if symbol[-1:] in ("A", "W") and symbol not in functions else symbol
