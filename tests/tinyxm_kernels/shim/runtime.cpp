// Runs a kernel as CUDA says, each thread a coroutine, and counts what its warps ask of memory.
//
// Nothing in the kernel's text is changed to see its accesses: GCC's own instrumentation calls a function at each. With
// -fsanitize=thread these are __tsan_read4(address) and its like, with -fsanitize-coverage=trace-pc it is
// __sanitizer_cov_trace_pc() where a block of straight code begins. They are defined here, in place of the race
// detector's. Each thread thus leaves a trace: where in the code it was, and what it read and wrote there.
//
// A warp's accesses are then put together from the traces of its 32 lanes: again and again, the lanes whose next event
// is the earliest in the code take it together. Compiled with -O0 the code has the order of the source, a loop's test
// after its body, so lanes that went apart wait for one another where their ways meet again, as if under masks.
// (S. Collange, Stack-less SIMT reconvergence at low cost, 2011: "min-PC".)
#include "cuda_words.h"
#include "cuda_fp16.h"

#include <dlfcn.h>
#include <string.h>
#include <ucontext.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;
char *cuda_dynamic;
extern "C" char __start_cuda_shared[] __attribute__((weak));
extern "C" char __stop_cuda_shared[] __attribute__((weak));

namespace {

enum { WARP = 32, STACK = 128 * 1024, MOST_THREADS = 1024, MOST_DYNAMIC = 227 * 1024 };
enum Operation : uint8_t { LOAD, STORE, ATOMIC, BLOCK };  // BLOCK: a block of straight code begins
enum State { READY, AT_BARRIER, AT_WARP, ENDED };
enum { SHARED = -1 };

struct Event {
    uint32_t place;  // in the code, from the start of the library
    Operation operation;
    uint8_t size;
    int16_t array;  // which of the kernel's arrays, or SHARED
    uint64_t offset;  // of the first byte, in that array or in shared memory
};

struct Thread {
    ucontext_t context;
    State state;
    uint3 index;
    uint32_t place;  // where it waits
    unsigned mask;  // for whom it waits, in its warp
    uint64_t said, heard[WARP];  // what it gives to the others at a meeting of the warp, and what they gave
    std::vector<Event> trace;
};

struct Range { uintptr_t begin, end; };

struct Count { int64_t requests, lanes, bytes, transactions, ideal; };

Thread *threads;
char *stacks;
ucontext_t scheduler;
int current, count_of_threads;
void (*body)(void **);
void **arguments;
uintptr_t base;  // of the library
alignas(256) char dynamic[MOST_DYNAMIC];
size_t dynamic_bytes;
Range arena;
std::vector<Range> arrays;
std::map<std::tuple<uint32_t, int, int>, Count> counts;  // by place, operation and array
std::string failure;

Thread &self() { return threads[current]; }

void leave() { swapcontext(&self().context, &scheduler); }

void fail(const std::string &why, uint32_t place) {
    if (failure.empty()) failure = std::to_string(place) + " " + why;
}

uint32_t code(void *return_address) { return (uint32_t)((uintptr_t)return_address - 1 - base); }

void access(void *return_address, const volatile void *pointer, size_t size, Operation operation) {
    uintptr_t address = (uintptr_t)pointer;
    Event event = {code(return_address), operation, (uint8_t)size, SHARED, 0};
    if (address >= (uintptr_t)__start_cuda_shared && address < (uintptr_t)__stop_cuda_shared) {
        event.offset = address - (uintptr_t)__start_cuda_shared + MOST_DYNAMIC;
    } else if (address >= (uintptr_t)dynamic && address < (uintptr_t)dynamic + MOST_DYNAMIC) {
        event.offset = address - (uintptr_t)dynamic;
        if (event.offset + size > dynamic_bytes) fail("is outside dynamic shared memory", event.place);
    } else if (address >= arena.begin && address < arena.end) {
        auto holds = [&](const Range &array) { return address >= array.begin && address + size <= array.end; };
        auto array = std::find_if(arrays.begin(), arrays.end(), holds);
        if (array == arrays.end()) fail("is outside every array", event.place);
        else event.array = (int16_t)(array - arrays.begin()), event.offset = address - array->begin;
    } else {
        return;  // a variable of the thread's own, or a constant
    }
    if (address % size) fail("is misaligned", event.place);
    if (!failure.empty()) {
        self().state = ENDED;
        leave();
    }
    self().trace.push_back(event);
}

// ---- What a warp asks of memory at once

int64_t rounded_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit; }

// Global memory comes in sectors of 32 bytes.
void of_global_memory(Count &count, const Event *const *lanes) {
    std::set<uint64_t> sectors, bytes;
    for (int lane = 0; lane < WARP; ++lane)
        for (int byte = 0; lanes[lane] && byte < lanes[lane]->size; ++byte) {
            sectors.insert((lanes[lane]->offset + byte) / 32);
            bytes.insert(lanes[lane]->offset + byte);
        }
    count.transactions += sectors.size();
    count.ideal += rounded_up(bytes.size(), 32);
}

// Shared memory has 32 banks, each 4 bytes wide, and gives one word of each in a pass; any number of lanes may read the
// same word. Of 8 bytes a lane it serves half a warp at a time, of 16 a quarter.
void of_shared_memory(Count &count, const Event *const *lanes) {
    int size = 4;
    for (int lane = 0; lane < WARP; ++lane)
        if (lanes[lane]) size = std::max<int>(size, lanes[lane]->size);
    int together = WARP * 4 / size;
    for (int first = 0; first < WARP; first += together) {
        std::set<uint64_t> words;
        int passes[WARP] = {0};
        for (int lane = first; lane < first + together; ++lane)
            for (int byte = 0; lanes[lane] && byte < lanes[lane]->size; byte += 4) {
                uint64_t word = (lanes[lane]->offset + byte) / 4;
                if (words.insert(word).second) ++passes[word % WARP];
            }
        count.transactions += *std::max_element(passes, passes + WARP);
        count.ideal += rounded_up(words.size(), WARP);
    }
}

void count_request(const Event *const *lanes, const Event &first) {
    Count &count = counts[std::make_tuple(first.place, (int)first.operation, (int)first.array)];
    ++count.requests;
    for (int lane = 0; lane < WARP; ++lane)
        if (lanes[lane]) ++count.lanes, count.bytes += lanes[lane]->size;
    first.array == SHARED ? of_shared_memory(count, lanes) : of_global_memory(count, lanes);
}

void put_together(int warp) {
    int lanes = std::min<int>(WARP, count_of_threads - warp * WARP);
    size_t next[WARP] = {0};
    for (;;) {
        const Event *earliest = nullptr;
        for (int lane = 0; lane < lanes; ++lane) {
            const std::vector<Event> &trace = threads[warp * WARP + lane].trace;
            if (next[lane] < trace.size() && (!earliest || trace[next[lane]].place < earliest->place))
                earliest = &trace[next[lane]];
        }
        if (!earliest) break;
        const Event first = *earliest, *together[WARP] = {nullptr};
        for (int lane = 0; lane < lanes; ++lane) {
            const std::vector<Event> &trace = threads[warp * WARP + lane].trace;
            if (next[lane] < trace.size() && trace[next[lane]].place == first.place &&
                trace[next[lane]].array == first.array)
                together[lane] = &trace[next[lane]++];
        }
        if (first.operation != BLOCK) count_request(together, first);
    }
    for (int lane = 0; lane < lanes; ++lane) threads[warp * WARP + lane].trace.clear();
}

void put_together_all() {
    for (int warp = 0; warp * WARP < count_of_threads; ++warp) put_together(warp);
}

// ---- Threads that wait for one another

void enter() {
    body(arguments);
    self().state = ENDED;
    leave();
}

__attribute__((noinline)) void meet(State state, uint32_t place, unsigned mask) {
    self().state = state, self().place = place, self().mask = mask;
    leave();
}

// Let the lanes of a warp go on that were waiting for lanes that all wait now; those that have ended are waited for by
// no one.
bool release_warp(int warp) {
    Thread *lane = threads + warp * WARP;
    int lanes = std::min<int>(WARP, count_of_threads - warp * WARP);
    for (int i = 0; i < lanes; ++i) {
        if (lane[i].state != AT_WARP) continue;
        unsigned mask = lane[i].mask;
        auto among = [&](int j) { return (mask >> j & 1) && lane[j].state == AT_WARP && lane[j].mask == mask; };
        bool all = true;
        for (int j = 0; j < lanes; ++j) all = all && (!(mask >> j & 1) || lane[j].state == ENDED || among(j));
        if (!all) continue;
        if (!(mask >> i & 1)) fail("waits with a mask that its own lane isn't in", lane[i].place);
        uint64_t said[WARP];
        memset(said, 0xff, sizeof said);  // what a lane says that isn't there is no number
        for (int j = 0; j < lanes; ++j)
            if (among(j)) said[j] = lane[j].said;
        for (int j = 0; j < lanes; ++j)
            if ((mask >> j & 1) && lane[j].state == AT_WARP) {
                memcpy(lane[j].heard, said, sizeof said);
                lane[j].state = READY;
            }
        return true;
    }
    return false;
}

bool release_barrier() {
    int waiting = 0, ended = 0;
    const Thread *one = nullptr;
    for (int i = 0; i < count_of_threads; ++i) {
        const Thread &thread = threads[i];
        waiting += thread.state == AT_BARRIER, ended += thread.state == ENDED;
        if (thread.state != AT_BARRIER) continue;
        if (one && thread.place != one->place) fail("is one barrier, and other threads wait at another", one->place);
        one = &thread;
    }
    if (!one || waiting + ended < count_of_threads) return false;
    if (ended) fail("is a barrier that some threads never reach", one->place);
    if (!failure.empty()) return true;
    for (int i = 0; i < count_of_threads; ++i) threads[i].state = READY;
    put_together_all();
    return true;
}

uint32_t place_of_a_wait() {
    return std::find_if(threads, threads + count_of_threads, [](const Thread &t) { return t.state != ENDED; })->place;
}

void run_block() {
    if (__start_cuda_shared) memset(__start_cuda_shared, 0xff, __stop_cuda_shared - __start_cuda_shared);
    memset(dynamic, 0xff, dynamic_bytes);  // what nobody wrote is no number
    for (int i = 0; i < count_of_threads; ++i) {
        getcontext(&threads[i].context);
        threads[i].context.uc_stack.ss_sp = stacks + (size_t)i * STACK;
        threads[i].context.uc_stack.ss_size = STACK;
        threads[i].context.uc_link = nullptr;
        makecontext(&threads[i].context, enter, 0);
        threads[i].state = READY;
    }
    for (;;) {
        int ended = 0;
        for (current = count_of_threads - 1; current >= 0; --current) {  // the last first: order mustn't matter
            if (self().state == READY) {
                threadIdx = self().index;
                swapcontext(&scheduler, &self().context);
            }
            ended += self().state == ENDED;
        }
        if (!failure.empty()) return;
        if (ended == count_of_threads) return put_together_all();
        bool released = false;
        for (int warp = 0; warp * WARP < count_of_threads; ++warp) released = release_warp(warp) || released;
        if (!released && !release_barrier()) fail("is waited at for threads that never come", place_of_a_wait());
        if (!failure.empty()) return;
    }
}

uint64_t exchange(void *return_address, unsigned mask, uint64_t word) {
    self().said = word;
    meet(AT_WARP, code(return_address), mask);
    return word;
}

int lane_of_self() { return current % WARP; }

template <class T> T shuffled(void *return_address, unsigned mask, T value, int from) {
    uint64_t word = 0;
    memcpy(&word, &value, sizeof value);
    exchange(return_address, mask, word);
    memcpy(&value, &self().heard[from], sizeof value);
    return value;
}

template <class T, class F> T atomically(void *return_address, T *address, F change) {
    access(return_address, address, sizeof(T), ATOMIC);
    T before = *address;
    *address = change(before);
    return before;
}

}  // namespace

// ---- What GCC's instrumentation calls

#define HERE __builtin_return_address(0)
#define CUDA_SEEN(SIZE)                                                                           \
    extern "C" void __tsan_read##SIZE(void *address) { access(HERE, address, SIZE, LOAD); }       \
    extern "C" void __tsan_write##SIZE(void *address) { access(HERE, address, SIZE, STORE); }     \
    extern "C" void __tsan_unaligned_read##SIZE(void *address) { access(HERE, address, SIZE, LOAD); } \
    extern "C" void __tsan_unaligned_write##SIZE(void *address) { access(HERE, address, SIZE, STORE); }
CUDA_SEEN(1)
CUDA_SEEN(2)
CUDA_SEEN(4)
CUDA_SEEN(8)
CUDA_SEEN(16)
extern "C" void __tsan_read_range(void *address, unsigned long size) { access(HERE, address, size, LOAD); }
extern "C" void __tsan_write_range(void *address, unsigned long size) { access(HERE, address, size, STORE); }
extern "C" void __tsan_init() {}
extern "C" void __tsan_func_entry(void *) {}
extern "C" void __tsan_func_exit() {}
extern "C" void __sanitizer_cov_trace_pc() {
    if (threads) self().trace.push_back({code(HERE), BLOCK, 0, 0, 0});  // none yet while the library is loaded
}

// ---- CUDA's functions

void __syncthreads() { meet(AT_BARRIER, code(HERE), 0); }
void __syncwarp(unsigned mask) { exchange(HERE, mask, 0); }
void __threadfence() {}
void __threadfence_block() {}

unsigned __ballot_sync(unsigned mask, int predicate) {
    exchange(HERE, mask, predicate != 0);
    unsigned votes = 0;
    for (int lane = 0; lane < WARP; ++lane) votes |= (unsigned)(self().heard[lane] == 1) << lane;
    return votes;
}
int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, !predicate) == 0; }

// The lanes of each `width` are among themselves; who would hear one beyond them keeps its own value.
#define CUDA_EXCHANGES(T)                                                                        \
    T __shfl_sync(unsigned mask, T value, int lane, int width) {                                 \
        int me = lane_of_self();                                                                 \
        return shuffled(HERE, mask, value, (me & ~(width - 1)) | (lane & (width - 1)));          \
    }                                                                                            \
    T __shfl_up_sync(unsigned mask, T value, unsigned by, int width) {                           \
        int me = lane_of_self();                                                                 \
        return shuffled(HERE, mask, value, (me & (width - 1)) < (int)by ? me : me - (int)by);    \
    }                                                                                            \
    T __shfl_down_sync(unsigned mask, T value, unsigned by, int width) {                         \
        int me = lane_of_self();                                                                 \
        return shuffled(HERE, mask, value, (me & (width - 1)) + (int)by >= width ? me : me + (int)by); \
    }                                                                                            \
    T __shfl_xor_sync(unsigned mask, T value, int with, int width) {                             \
        int me = lane_of_self(), from = me ^ with;                                               \
        return shuffled(HERE, mask, value, from > (me | (width - 1)) ? me : from);               \
    }
CUDA_EXCHANGES(int)
CUDA_EXCHANGES(unsigned)
CUDA_EXCHANGES(long long)
CUDA_EXCHANGES(unsigned long long)
CUDA_EXCHANGES(float)
CUDA_EXCHANGES(double)

#define CUDA_ATOMIC(T, NAME, RESULT) \
    T NAME(T *address, T value) { return atomically(HERE, address, [&](T before) -> T { return RESULT; }); }
#define CUDA_ATOMICS(T)                                        \
    CUDA_ATOMIC(T, atomicSub, before - value)                  \
    CUDA_ATOMIC(T, atomicMax, before > value ? before : value) \
    CUDA_ATOMIC(T, atomicMin, before < value ? before : value) \
    CUDA_ATOMIC(T, atomicAnd, before & value)                  \
    CUDA_ATOMIC(T, atomicOr, before | value)                   \
    CUDA_ATOMIC(T, atomicXor, before ^ value)                  \
    T atomicCAS(T *address, T expected, T value) {             \
        return atomically(HERE, address, [&](T before) -> T { return before == expected ? value : before; }); \
    }
CUDA_ATOMIC(int, atomicAdd, before + value)
CUDA_ATOMIC(unsigned, atomicAdd, before + value)
CUDA_ATOMIC(unsigned long long, atomicAdd, before + value)
CUDA_ATOMIC(float, atomicAdd, before + value)
CUDA_ATOMIC(double, atomicAdd, before + value)
CUDA_ATOMICS(int)
CUDA_ATOMICS(unsigned)
CUDA_ATOMICS(unsigned long long)
CUDA_ATOMIC(int, atomicExch, value)
CUDA_ATOMIC(unsigned, atomicExch, value)
CUDA_ATOMIC(float, atomicExch, value)

template <class T> static const T &kept(T value) {  // until some more have been made: as long as an expression needs it
    static T last[64];
    static int next;
    return last[next++ % 64] = value;
}
const float2 &make_float2(float x, float y) { return kept<float2>({x, y}); }
const float4 &make_float4(float x, float y, float z, float w) { return kept<float4>({x, y, z, w}); }
const int2 &make_int2(int x, int y) { return kept<int2>({x, y}); }
const int4 &make_int4(int x, int y, int z, int w) { return kept<int4>({x, y, z, w}); }
const uint2 &make_uint2(unsigned x, unsigned y) { return kept<uint2>({x, y}); }
const uint4 &make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return kept<uint4>({x, y, z, w}); }
int min(int a, int b) { return a < b ? a : b; }
unsigned min(unsigned a, unsigned b) { return a < b ? a : b; }
long long min(long long a, long long b) { return a < b ? a : b; }
int max(int a, int b) { return a > b ? a : b; }
unsigned max(unsigned a, unsigned b) { return a > b ? a : b; }
long long max(long long a, long long b) { return a > b ? a : b; }
int __popc(unsigned x) { return __builtin_popcount(x); }
int __ffs(int x) { return __builtin_ffs(x); }
int __clz(int x) { return x ? __builtin_clz(x) : 32; }
float rsqrtf(float x) { return 1 / sqrtf(x); }
float __expf(float x) { return expf(x); }
float __logf(float x) { return logf(x); }
float __fdividef(float x, float y) { return x / y; }
template <class To, class From> static To same_bits(From x) {
    To y;
    memcpy(&y, &x, sizeof y);
    return y;
}
float __int_as_float(int x) { return same_bits<float>(x); }
int __float_as_int(float x) { return same_bits<int>(x); }
float __uint_as_float(unsigned x) { return same_bits<float>(x); }
unsigned __float_as_uint(float x) { return same_bits<unsigned>(x); }
float __saturatef(float x) { return x > 1 ? 1 : x > 0 ? x : 0; }
half __float2half(float x) { return (half)x; }
float __half2float(half x) { return (float)x; }
const half2 &__floats2half2_rn(float x, float y) { return kept<half2>({(half)x, (half)y}); }
float __low2float(half2 x) { return (float)x.x; }
float __high2float(half2 x) { return (float)x.y; }

// ---- What Python calls

// Run a kernel; `ends` are the first bytes of its arrays and the first ones behind them, the arena's own first.
// Returns "", or the place in the code, a space, and what is wrong there.
extern "C" const char *cuda_run(void (*kernel)(void **), void **given, const unsigned *grid, const unsigned *block,
                                size_t shared, const uintptr_t *ends, int ranges) {
    Dl_info library;
    dladdr((void *)kernel, &library);
    base = (uintptr_t)library.dli_fbase;
    if (!threads) threads = new Thread[MOST_THREADS], stacks = new char[(size_t)MOST_THREADS * STACK];
    body = kernel, arguments = given, cuda_dynamic = dynamic, dynamic_bytes = shared;
    arena = {ends[0], ends[1]};
    arrays.clear();
    for (int i = 1; i < ranges; ++i) arrays.push_back({ends[2 * i], ends[2 * i + 1]});
    counts.clear();
    failure.clear();
    gridDim = {grid[0], grid[1], grid[2]}, blockDim = {block[0], block[1], block[2]};
    count_of_threads = block[0] * block[1] * block[2];
    for (int i = 0; i < count_of_threads; ++i) {
        unsigned x = i % block[0], y = i / block[0] % block[1], z = i / block[0] / block[1];
        threads[i].index = {x, y, z};
        threads[i].trace.clear();
    }
    int blocks = grid[0] * grid[1] * grid[2];
    for (int i = blocks - 1; i >= 0 && failure.empty(); --i) {
        blockIdx = {i % grid[0], i / grid[0] % grid[1], i / grid[0] / grid[1]};
        run_block();
    }
    return failure.c_str();
}

// The counts, eight numbers each: place, operation (0 load, 1 store, 2 atomic), array (−1: shared memory), requests,
// lanes, bytes, transactions, ideal. Returns how many there are; writes those that there is room for.
extern "C" int cuda_counts(int64_t *rows, int room) {
    int n = 0;
    for (const auto &entry : counts)
        if (n++ < room) {
            const Count &c = entry.second;
            int64_t row[] = {std::get<0>(entry.first), std::get<1>(entry.first), std::get<2>(entry.first), c.requests,
                             c.lanes, c.bytes, c.transactions, c.ideal};
            memcpy(rows + 8 * (n - 1), row, sizeof row);
        }
    return n;
}
