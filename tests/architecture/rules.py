"""The dependency rule as data: which folder may include what, and which symbols a core may need.

Everything else in this folder is machinery that compares the tree with these tables. A change here
is a change of the architecture and belongs into the README of the folder it concerns as well.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Folder:
    """One row of the table: a folder, the folders below it, and the libraries it may use."""

    path: str
    below: tuple = ()
    # Library name -> file stems that may use it; an empty tuple means every file of the folder.
    libraries: dict = field(default_factory=dict)
    # The static library built out of the folder, for the checks that read symbols.
    archive: str = ""
    # A pure folder has no clock, socket, file, thread or randomness of its own.
    pure: bool = True
    # Tests, benchmarks and applications stand above the rule.
    free: bool = False


EVERYWHERE = ()
CORES = ("base", "rtp", "ice", "dtls", "sctp", "control-api")

FOLDERS = (
    # inet_pton and inet_ntop compute on their arguments alone, and no parser of ours would be as
    # well tried.
    Folder(
        "base", libraries={"abseil": EVERYWHERE, "posix_address": ("endpoint",)}, archive="base"
    ),
    Folder("rtp", ("base",), {"abseil": EVERYWHERE}, "rtp"),
    Folder("ice", ("base",), {"openssl": ("stun_integrity",)}, "ice"),
    # Status and StatusOr are how a Create() of ours says no.
    Folder(
        "dtls",
        ("base",),
        {
            "openssl": EVERYWHERE,
            "abseil": EVERYWHERE,
            # In two headers as well, which nobody includes but the source beside them.
            "ipsec_mb": (
                "ipsec_mb_aead",
                "ipsec_mb_aead.h",
                "ipsec_mb_cipher",
                "ipsec_mb_ctr_hmac",
                "ipsec_mb_ctr_hmac.h",
            ),
        },
        "dtls",
    ),
    # Status is how a command of ours says no.
    Folder(
        "sctp",
        ("base",),
        {"usrsctp": ("stack", "association"), "abseil": EVERYWHERE},
        "sctp",
    ),
    Folder("control-api", (), {"flatbuffers": EVERYWHERE, "abseil": EVERYWHERE}, "control"),
    Folder("worker/engine", CORES, {"abseil": EVERYWHERE}, "engine"),
    Folder(
        "worker/io",
        # Of the control API the shell knows the envelope, control-api/frame.h, and of ICE the
        # envelope of datagrams on TCP, ice/tcp_framing.h.
        ("worker/engine", "base", "control-api", "ice"),
        {
            "libuv": EVERYWHERE,
            "posix": EVERYWHERE,
            "openssl_rand": EVERYWHERE,
            "abseil": EVERYWHERE,
        },
        "io",
        pure=False,
    ),
    # main.cc alone: options, one event loop, an exit code.
    Folder("worker", ("worker/io", "worker/engine", "base"), {"posix": EVERYWHERE}, pure=False),
    Folder("bench", free=True, pure=False),
    Folder("tests", free=True, pure=False),
)

# A folder below another one of which only a single class is for others: folder -> header.
FRONT_DOORS = {"rtp/bwe": "rtp/bwe/bandwidth_estimator.h"}

# What every unit test may use besides what its folder may. libsrtp2 is what our own SRTP is compared
# with.
TEST_LIBRARIES = ("gtest", "srtp")
TEST_FOLDERS = ("tests",)

# Library -> prefixes of the headers that belong to it.
LIBRARY_HEADERS = {
    "abseil": ("absl/",),
    "openssl_rand": ("openssl/rand.h",),
    "posix_address": ("arpa/inet.h",),
    "openssl": ("openssl/",),
    "srtp": ("srtp2/",),
    "ipsec_mb": ("intel-ipsec-mb.h",),
    "usrsctp": ("usrsctp.h",),
    "flatbuffers": ("flatbuffers/",),
    "libuv": ("uv.h", "uv/"),
    "gtest": ("gtest/", "gmock/"),
    "benchmark": ("benchmark/",),
    "posix": (
        "arpa/",
        "linux/",
        "net/",
        "netinet/",
        "sys/",
        "dirent.h",
        "dlfcn.h",
        "fcntl.h",
        "ifaddrs.h",
        "netdb.h",
        "poll.h",
        "pthread.h",
        "pwd.h",
        "sched.h",
        "signal.h",
        "spawn.h",
        "syslog.h",
        "termios.h",
        "time.h",
        "unistd.h",
    ),
}

# Headers of libraries that bring in a clock, a thread or randomness: not for pure folders.
IMPURE_HEADERS = (
    "absl/debugging/",
    "absl/random/",
    "absl/synchronization/",
    "absl/time/",
    "absl/log/",
    "atomic",
    "barrier",
    "condition_variable",
    "csignal",
    "ctime",
    "filesystem",
    "fstream",
    "future",
    "iostream",
    "latch",
    "mutex",
    "random",
    "semaphore",
    "shared_mutex",
    "stop_token",
    "syncstream",
    "thread",
)

# A library that is part of another: whoever may use the whole may use the part.
PART_OF = {"openssl_rand": "openssl", "posix_address": "posix"}

STANDARD_HEADERS = frozenset("""
    algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono
    cinttypes climits clocale cmath codecvt compare complex concepts condition_variable coroutine
    csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype deque
    exception execution filesystem forward_list fstream functional future initializer_list iomanip
    ios iosfwd iostream istream iterator latch limits list locale map memory memory_resource mutex
    new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator semaphore
    set shared_mutex source_location span sstream stack stdexcept stop_token streambuf string
    string_view syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map
    unordered_set utility valarray variant vector version assert.h ctype.h errno.h float.h
    inttypes.h limits.h locale.h math.h setjmp.h stdarg.h stdbool.h stddef.h stdint.h stdio.h
    stdlib.h string.h wchar.h
""".split())

# C functions whose result depends on their arguments alone, or that only end the process. A pure
# archive may need these, the symbols of its libraries, and nothing else of C.
PURE_C_SYMBOLS = frozenset("""
    abort bcmp memchr memcmp memcpy memmem memmove memset strchr strcmp strlen strncmp strnlen
    strrchr strstr strtol strtoll strtoul strtoull strtod snprintf vsnprintf calloc free malloc
    realloc posix_memalign aligned_alloc ceil ceilf cos cosf exp exp2 expf floor floorf fmod fmodf
    log log10 log2 logf llround lround lroundf pow powf rint round roundf sin sinf sqrt sqrtf tan
    trunc truncf fmax fmin qsort bsearch isalnum isalpha isdigit isspace isxdigit tolower toupper
    __assert_fail __stack_chk_fail __errno_location __dso_handle _GLOBAL_OFFSET_TABLE_
    __tls_get_addr __cxa_atexit __cxa_guard_acquire __cxa_guard_release __cxa_guard_abort
    __cxa_pure_virtual __cxa_deleted_virtual __cxa_throw_bad_array_new_length __cxa_begin_catch
    __cxa_end_catch __cxa_rethrow __cxa_allocate_exception __cxa_free_exception __cxa_throw
    __gxx_personality_v0 _Unwind_Resume __udivti3 __umodti3 __divti3 __modti3 __popcountdi2
    __ctype_b_loc __ctype_tolower_loc __ctype_toupper_loc
""".split())

# CHECK prints why it ends the process. Nobody else in a core prints: cores do not log.
PRINTING_C_SYMBOLS = frozenset(
    "fprintf fputs fputc fwrite fflush perror puts putchar printf stderr vfprintf".split()
)
PRINTING_FILES = {"base": ("check",)}

# Parts of the C++ library that read a clock, start threads, open files or draw random numbers. The
# initialiser of the standard streams is not among them, because flatbuffers' headers bring it into
# every file that includes them; the streams themselves are.
IMPURE_CXX_PATTERNS = (
    r"\bstd::chrono::(?:_V2::)?\w+::now\(",
    r"\bstd::(?:this_)?thread\b",
    r"\bstd::jthread\b",
    r"\bstd::random_device\b",
    r"\bstd::(?:__cxx11::)?basic_(?:[io]?fstream|filebuf)\b",
    r"\bstd::(?:\w+::)*filesystem::",
    r"\bstd::(?:_V2::)?condition_variable",
    r"\bstd::(?:recursive_|shared_|timed_)*mutex\b",
    r"\bstd::(?:__)?(?:future|promise|async|call_once)",
    r"\bstd::(?:cin|cout|cerr|clog)\b",
    r"\babsl::(?:\w+::)*(?:Now|GetCurrentTimeNanos|SleepFor|Mutex|CondVar|BitGen|Notification)\b",
    r"\bflatbuffers::(?:\w+::)*(?:LoadFile|SaveFile|FileExists|DirExists)",
)

# Library -> pattern of the symbols that it exports.
LIBRARY_SYMBOLS = {
    "abseil": r"^(?:(?:vtable|typeinfo|guard variable) for )?absl::"
    r"|\babsl::(?:debian\d*|lts_\d+)::",
    "ipsec_mb": r"^(?:imb_|alloc_mb_mgr$|free_mb_mgr$|init_mb_mgr_)",
    "openssl": r"^(?:SSL|TLS|DTLS|EVP|X509|ASN1|BIO|BN|CRYPTO|OPENSSL|OpenSSL|OSSL|ERR)v?\d*_"
    r"|^(?:EC|ECDSA|HMAC|RAND|PEM|SHA\d*|i2d|d2i)_"
    r"|^(?:SSL|TLS|DTLS)(?:v1_2)?_\w+$|^(?:HMAC|SHA1|SHA256|RAND_bytes)$",
    "posix_address": r"^inet_(?:ntop|pton)$",
    "srtp": r"^srtp_",
    "usrsctp": r"^usrsctp_",
    "flatbuffers": r"\bflatbuffers::",
}

# Sizes of the house style. They bind the fingers, so they are lines and counts, not opinions.
MAX_HEADER_LINES = 300
MAX_SOURCE_LINES = 500
MAX_TEST_LINES = 800
MAX_FUNCTION_LINES = 60
MAX_PARAMETERS = 5
MAX_NESTING = 4

# Words that say nothing about the thing they name. They match whole words of file and type names.
FORBIDDEN_WORDS = frozenset("""
    util utils utility utilities helper helpers common misc manager managers handler handlers impl
""".split())
# Names that the design gives.
ALLOWED_NAMES = frozenset(["control-api/schema/common.fbs"])

# Not ours, or not written by hand.
SKIPPED_FOLDERS = frozenset(
    ["build", "node_modules", "dist", ".git", "generated", "corpus", "vectors", "fixtures"]
)
