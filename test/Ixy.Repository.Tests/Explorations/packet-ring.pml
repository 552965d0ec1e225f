/* PacketRing: two threads put packets in and two take them out, in batches of one or two, with room for two. What is
   put into the place of a position is the position itself, so whoever takes it out sees whether it is the right one,
   and the first.
   Shown: what comes out is what went in, once, in order of positions, and nobody waits for ever.
   broken: NO_WAIT_FOR_READERS NO_WAIT_FOR_WRITERS PUBLISH_OUT_OF_ORDER START_AND_END_APART */
#define CAPACITY 2
#define PACKETS 4

byte slot[CAPACITY];
byte start = 0, finish = 0;        /* one word: _contents */
byte written = 0, read = 0;
bool out[PACKETS];

/* A batch is copied packet by packet. */
proctype Producer()
{
    byte count, end, position, seen;
    do
    :: finish == PACKETS -> break
    :: else ->
        atomic {
            count = CAPACITY - (finish - start);
            if :: count > 1 -> count = 1 :: true fi;
            if :: finish + count > PACKETS -> count = PACKETS - finish :: else fi;
#ifdef START_AND_END_APART
            seen = finish
        };
        atomic {
            end = seen + count;
            if :: count > 0 -> finish = end :: else fi
#else
            end = finish + count;
            finish = end
#endif
        };
        if
        :: count == 0
        :: else ->
#ifndef NO_WAIT_FOR_READERS
            read + CAPACITY >= end;
#endif
            position = end - count;
            do
            :: position < end -> slot[position % CAPACITY] = position; position++
            :: else -> break
            od;
#ifdef PUBLISH_OUT_OF_ORDER
            written = end
#else
            written == end - count;
            written = end
#endif
        fi
    od
}

proctype Consumer()
{
    byte count, first, position;
    do
    :: start == PACKETS -> break
    :: else ->
        atomic {
            count = finish - start;
            if :: count > 1 -> count = 1 :: true fi;
            first = start;
            start = start + count
        };
        if
        :: count == 0
        :: else ->
#ifndef NO_WAIT_FOR_WRITERS
            written >= first + count;
#endif
            position = first;
            do
            :: position < first + count ->
                assert(slot[position % CAPACITY] == position);
                assert(!out[position]);
                out[position] = true;
                position++
            :: else -> break
            od;
            read == first;
            read = first + count
        fi
    od
}

init
{
    slot[0] = 255; slot[1] = 255;
    atomic { run Producer(); run Producer(); run Consumer(); run Consumer() }
}
