/* PacketPool and the BufferBlock of a receive queue: Take, Put and Dispose under the pool's spin lock. The queue's
   thread takes blocks of two, hands a buffer on or gives it back, and at the end gives back its block; another thread
   allocates one by one and gives back what it has, one or two at a time; two threads dispose of the pool meanwhile.
   Buffers are copied one by one. Shown: none is given out twice or after the end, none is lost, and the memory is
   released once, when all are back.
   broken: NO_LOCK LOCK_COUNT_ONLY NO_LOCK_TO_DISPOSE RELEASE_EARLY RELEASE_AFTER_LOCK DISPOSE_TWICE GIVE_AFTER_DISPOSE
   broken: DOUBLE_PUT PUT_NOTHING BLOCK_KEPT */
#define BUFFERS 3
#define BLOCK 2

byte free[BUFFERS];                 /* the first count of these */
byte count = BUFFERS;
bool disposed = false, locked = false;

/* What is asserted. */
bool inside[BUFFERS] = true;        /* in the pool */
bool released = false;
byte ended = 0;

chan handed = [1] of { byte } /* from the queue's thread to the other one */

#ifdef NO_LOCK
#define enter() skip
#define leave() skip
#else
inline enter() { atomic { !locked -> locked = true } }
inline leave() { locked = false }
#endif

#ifdef LOCK_COUNT_ONLY
#define enter_copy() leave()
#define leave_copy() skip
#else
#define enter_copy() skip
#define leave_copy() leave()
#endif

inline release_if_over()
{
    if
#ifndef RELEASE_EARLY
    :: count < BUFFERS
#endif
    :: else ->
        atomic {
            assert(!released);
            assert(inside[0] && inside[1] && inside[2]);
            released = true
        }
    fi
}

/* Up to this many buffers, behind those the thread holds. */
inline take(room)
{
    enter();
#ifdef GIVE_AFTER_DISPOSE
    moved = count;
#else
    moved = (disposed -> 0 : count);
#endif
    if :: moved > room -> moved = room :: else fi;
    count = count - moved;
    first = count;
    enter_copy();
    do
    :: at < moved ->
        atomic {
            held[number] = free[first + at];
            assert(!released);
            assert(inside[held[number]]);
            inside[held[number]] = false;
            free[first + at] = 0;
            number++
        };
        at++
    :: else -> at = 0; first = 0; moved = 0; break
    od;
    leave_copy()
}

/* The last that the thread holds. */
inline put(length)
{
    moved = length;
    enter();
    assert(moved <= BUFFERS - count);
    first = count;
#ifdef LOCK_COUNT_ONLY
    count = count + moved;
#endif
    enter_copy();
    do
    :: at < moved ->
        atomic {
            number--;
            assert(!released);
            assert(!inside[held[number]]);
            free[first + at] = held[number];
            inside[held[number]] = true;
            held[number] = 0
        };
        at++
    :: else -> at = 0; first = 0; break
    od;
#ifndef LOCK_COUNT_ONLY
    count = count + moved;
#endif
    moved = 0;
#ifdef RELEASE_AFTER_LOCK
    leave_copy();
    if :: disposed -> release_if_over() :: else fi
#else
    if :: disposed -> release_if_over() :: else fi;
    leave_copy()
#endif
}

/* The thread of a receive queue: what it holds is its block. */
proctype Receive()
{
    byte held[2], number = 0, moved = 0, at = 0, first = 0;
    do
    :: number == 0 -> take(BLOCK)
    :: number > 0 -> put(1)
    :: number > 0 ->
        atomic {
            handed!held[number - 1];
#ifndef DOUBLE_PUT
            number--;
            held[number] = 0
#endif
        }
    :: break
    od;
#ifdef PUT_NOTHING
    put(number);
#else
#ifndef BLOCK_KEPT
    if :: number > 0 -> put(number) :: else fi;
#endif
#endif
    ended++
}

/* Another thread, with packets of its own and those that it was handed. */
proctype Application()
{
    byte held[2], number = 0, moved = 0, at = 0, first = 0;
    do
    :: number < 2 && nempty(handed) -> handed?held[number]; number++
    :: number < 1 -> take(1)
    :: number > 0 -> put(1)
    :: number > 1 -> put(2)
    :: number == 0 && ended == 3 && empty(handed) -> break
    od;
    ended++
}

proctype Dispose()
{
#ifndef NO_LOCK_TO_DISPOSE
    enter();
#endif
    if
#ifndef DISPOSE_TWICE
    :: disposed
#endif
    :: else -> disposed = true; release_if_over()
    fi;
#ifndef NO_LOCK_TO_DISPOSE
    leave();
#endif
    ended++
}

init
{
    free[0] = 2; free[1] = 1; free[2] = 0;
    atomic { run Receive(); run Application(); run Dispose(); run Dispose() };
    ended == 4;
    assert(count == BUFFERS);
    assert(released)
}
