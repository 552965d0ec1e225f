/* A split virtqueue in both directions of its wishes (virtio 1.2, 2.7.7 and 2.7.10): SplitRing.WantInterrupt and
   Publish, QueueWaiter, and a device that sleeps, too. The driver gives buffers; the device uses one for each frame
   that comes.
   Stores pass through a store buffer, as on x86: others see one late, in order, at the latest at a barrier.
   Shown: all frames are taken, whichever side sleeps. A side that sleeps for ever over work is a deadlock.
   variants: EVENT_INDEX
   broken: NO_SECOND_LOOK NO_DRIVER_BARRIER NO_PUBLISH_BARRIER NO_DEVICE_LOOK NO_DEVICE_BARRIER NO_USED_BARRIER
   broken with EVENT_INDEX: EVENT_IS_NEXT NOTIFY_LAST_ONLY */
#define RING 2
#define MODULUS 4    /* of the indices in memory: 65536 in truth */
#define FRAMES 6

/* What is in memory. */
byte available = 0, used = 0;           /* indices */
byte used_event = 0, available_event = 0;
bool no_interrupt = true, no_notify = false;
bit interrupt = 0, doorbell = 0;        /* eventfds */

/* One store of each side that others may see late; -1 is none. */
short driver_wish = -1, driver_index = -1, device_wish = -1, device_index = -1;

inline see_driver_index()
{
    atomic { if :: driver_index >= 0 -> available = driver_index; driver_index = -1 :: else fi }
}
inline see_driver_wish()
{
    atomic {
        if
        :: driver_wish >= 0 ->
#ifdef EVENT_INDEX
            used_event = driver_wish;
#else
            no_interrupt = driver_wish;
#endif
            driver_wish = -1
        :: else
        fi
    }
}
inline see_device_index()
{
    atomic { if :: device_index >= 0 -> used = device_index; device_index = -1 :: else fi }
}
inline see_device_wish()
{
    atomic {
        if
        :: device_wish >= 0 ->
#ifdef EVENT_INDEX
            available_event = device_wish;
#else
            no_notify = device_wish;
#endif
            device_wish = -1
        :: else
        fi
    }
}
/* The wish of a side goes out before an index that was stored after it; the protocol has no other order. */
inline driver_barrier() { atomic { see_driver_wish(); see_driver_index() } }
inline device_barrier() { atomic { see_device_index(); see_device_wish() } }

active proctype StoreBuffers()
{
end:
    do
    :: driver_wish >= 0 -> see_driver_wish()
    :: driver_index >= 0 && driver_wish < 0 -> see_driver_index()
    :: device_index >= 0 -> see_device_index()
    :: device_wish >= 0 && device_index < 0 -> see_device_wish()
    od
}

#define distance(from, to) (((to) + MODULUS - (from)) % MODULUS)
/* vring_need_event: the event lies in [from, to). */
#define passes(event, from, to) (distance((event), (to)) >= 1 && distance((event), (to)) <= distance((from), (to)))

byte frames = 0;     /* on the wire, not in a buffer yet */
byte taken = 0;
bool over = false;

active proctype Wire()
{
    byte sent = 0;
    do
    :: sent < FRAMES && frames < 2 -> frames++; sent++
    :: sent == FRAMES -> break
    od
}

/* The device waits for a frame and a buffer. A frame wakes it by itself, a buffer by a notification. */
active proctype Device()
{
    byte next = 0, known = 0, shown = 0;
    bool quiet;
end:
    do
    :: frames > 0 ->
        if
        :: known == next ->
            /* No buffer known: look, ask for a notification, look again. */
            known = available;
            if
            :: known == next ->
                atomic {
#ifdef EVENT_INDEX
                    device_wish = next % MODULUS
#else
                    device_wish = false
#endif
                };
#ifndef NO_DEVICE_BARRIER
                device_barrier();
#endif
#ifndef NO_DEVICE_LOOK
                known = available;
#endif
                if
                :: known == next -> atomic { doorbell == 1; doorbell = 0 }; known = available
                :: else
                fi;
#ifndef EVENT_INDEX
                device_wish = true;
                device_barrier()
#endif
            :: else
            fi
        :: else ->
            /* Uses one, shows it, and then reads the wish. */
            shown = next;
            next = (next + 1) % MODULUS;
            frames--;
            device_index = next;
#ifndef NO_USED_BARRIER
            device_barrier();
#endif
#ifdef EVENT_INDEX
            if :: passes(used_event, shown, next) -> interrupt = 1 :: else fi
#else
            if :: !no_interrupt -> interrupt = 1 :: else fi
#endif
        fi
    od
}

inline look() { found = distance(position, used) }

inline publish(from, to)
{
#ifdef EVENT_INDEX
    /* An interrupt for a buffer that the device does not have: none. */
    driver_wish = to;
#endif
    driver_index = to;
#ifndef NO_PUBLISH_BARRIER
    driver_barrier();
#endif
#ifdef EVENT_INDEX
#ifdef NOTIFY_LAST_ONLY
    if :: available_event == to -> doorbell = 1 :: else fi
#else
    if :: passes(available_event, from, to) -> doorbell = 1 :: else fi
#endif
#else
    if :: !no_notify -> doorbell = 1 :: else fi
#endif
}

active proctype Driver()
{
    byte position = 0, found = 0, given = 0, before = 0;
    given = RING % MODULUS;
    publish(0, given);
    do
    :: taken == FRAMES -> break
    :: else ->
        look();
        if
        :: found > 0 ->
            /* Takes one or all, and gives as many buffers again. */
            if :: found > 1 -> found = 1 :: true fi;
            taken = taken + found;
            position = (position + found) % MODULUS;
            before = given;
            given = (given + found) % MODULUS;
            publish(before, given)
        :: else ->
#ifdef EVENT_INDEX
#ifdef EVENT_IS_NEXT
            driver_wish = (position + 1) % MODULUS;
#else
            driver_wish = position;
#endif
#else
            driver_wish = false;
#endif
#ifndef NO_DRIVER_BARRIER
            driver_barrier();
#endif
#ifndef NO_SECOND_LOOK
            look();
#endif
            if
            :: found > 0
            :: else -> atomic { interrupt == 1; interrupt = 0 }
            fi;
#ifndef EVENT_INDEX
            driver_wish = true
#endif
        fi
    od;
    assert(taken == FRAMES)
}
