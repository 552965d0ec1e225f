/* A packed virtqueue in both directions of its wishes (virtio 1.2, 2.8.10 and 2.8.21): PackedRing.WantInterrupt and
   NotifyIfWanted, QueueWaiter, and a device that sleeps, too. As sleep-split, but the progress of each side is in the
   two bits of every descriptor, whose meaning changes with each round, and a wish names a place and a round.
   Shown: all frames are taken, whichever side sleeps, and none before it has come.
   variants: EVENT_INDEX
   Without event indices a notification that is missed for want of a barrier is made good by the next one.
   broken: NO_SECOND_LOOK NO_DRIVER_BARRIER NO_DEVICE_LOOK NO_USED_BARRIER USED_IN_ANY_ROUND
   broken with EVENT_INDEX: NO_PUBLISH_BARRIER NO_ROUND_IN_WISH ROUND_NOT_COMPARED */
#define RING 2
#define FRAMES 6

#define place(position) ((position) % RING)
#define even(position) (((position) / RING) % 2 == 0)

/* What is in memory. */
bool available[RING], used[RING];
byte driver_place = 0, device_place = 0;    /* event suppression: where, in which round, and whether at all */
bool driver_round = true, device_round = true, driver_wants = false, device_wants = true;
bit interrupt = 0, doorbell = 0;

/* Stores that others may see late: of each side one descriptor and one wish, by position plus one; 0 is none. */
byte driver_descriptor = 0, driver_wish = 0, device_descriptor = 0, device_wish = 0;

inline see_driver_descriptor()
{
    atomic {
        if
        :: driver_descriptor > 0 ->
            used[place(driver_descriptor - 1)] = !even(driver_descriptor - 1);
            available[place(driver_descriptor - 1)] = even(driver_descriptor - 1);
            driver_descriptor = 0
        :: else
        fi
    }
}
inline see_device_descriptor()
{
    atomic {
        if
        :: device_descriptor > 0 ->
            available[place(device_descriptor - 1)] = even(device_descriptor - 1);
            used[place(device_descriptor - 1)] = even(device_descriptor - 1);
            device_descriptor = 0
        :: else
        fi
    }
}
inline see_driver_wish()
{
    atomic {
        if
        :: driver_wish > 0 ->
            driver_wants = true;
            driver_place = place(driver_wish - 1);
#ifdef NO_ROUND_IN_WISH
            driver_round = true;
#else
            driver_round = even(driver_wish - 1);
#endif
            driver_wish = 0
        :: else
        fi
    }
}
inline see_device_wish()
{
    atomic {
        if
        :: device_wish > 0 ->
            device_wants = true;
            device_place = place(device_wish - 1);
            device_round = even(device_wish - 1);
            device_wish = 0
        :: else
        fi
    }
}
inline driver_barrier() { atomic { see_driver_wish(); see_driver_descriptor() } }
inline device_barrier() { atomic { see_device_descriptor(); see_device_wish() } }

active proctype StoreBuffers()
{
end:
    do
    :: driver_wish > 0 -> see_driver_wish()
    :: driver_descriptor > 0 && driver_wish == 0 -> see_driver_descriptor()
    :: device_descriptor > 0 -> see_device_descriptor()
    :: device_wish > 0 && device_descriptor == 0 -> see_device_wish()
    od
}

/* Is what was wished for among the one descriptor before this position? As PackedRing.Contains. */
#ifdef EVENT_INDEX
#ifdef ROUND_NOT_COMPARED
#define contains(to, where, round) ((to) - place(to) + (where) == (to) - 1)
#else
#define contains(to, where, round) \
    ((to) - place(to) + (where) == (to) - 1 + (even(to) != (round) -> RING : 0))
#endif
#else
#define contains(to, where, round) true
#endif

byte frames = 0, sent = 0, taken = 0;

active proctype Wire()
{
    do
    :: sent < FRAMES && frames < 2 -> atomic { frames++; sent++ }
    :: sent == FRAMES -> break
    od
}

active proctype Device()
{
    byte next = 0;
end:
    do
    :: frames > 0 ->
        if
        :: available[place(next)] == even(next) && used[place(next)] != even(next) ->
            frames--;
            atomic { device_barrier(); device_descriptor = next + 1 };
            next++;
#ifndef NO_USED_BARRIER
            device_barrier();
#endif
            if :: driver_wants && contains(next, driver_place, driver_round) -> interrupt = 1 :: else fi
        :: else ->
            device_wish = next + 1;
            device_barrier();
            if
#ifndef NO_DEVICE_LOOK
            :: available[place(next)] == even(next) && used[place(next)] != even(next)
#endif
            :: else -> atomic { doorbell == 1; doorbell = 0 }
            fi;
            device_wants = false
        fi
    od
}

#ifdef USED_IN_ANY_ROUND
#define is_used(position) (available[place(position)] == used[place(position)])
#else
#define is_used(position) (available[place(position)] == even(position) && used[place(position)] == even(position))
#endif

/* Gives all buffers back that it has. A descriptor may be looked at again before that. */
inline give()
{
    do
    :: given < position + RING ->
        atomic { driver_barrier(); driver_descriptor = given + 1 };
        given++;
#ifndef NO_PUBLISH_BARRIER
        driver_barrier();
#endif
        if :: device_wants && contains(given, device_place, device_round) -> doorbell = 1 :: else fi
    :: else -> break
    od
}

active proctype Driver()
{
    byte position = 0, given = 0;
    give();
    do
    :: taken == FRAMES -> break
    :: else ->
        if
        :: is_used(position) ->
            taken++;
            assert(taken <= sent);
            position++;
            if :: give() :: true fi
        :: else ->
            give();
            driver_wish = position + 1;
#ifndef NO_DRIVER_BARRIER
            driver_barrier();
#endif
            if
#ifndef NO_SECOND_LOOK
            :: is_used(position)
#endif
            :: else -> atomic { interrupt == 1; interrupt = 0 }
            fi;
            atomic { driver_wish = 0; driver_wants = false }
        fi
    od;
    assert(taken == FRAMES)
}
