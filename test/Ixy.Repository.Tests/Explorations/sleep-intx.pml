/* The interrupt line (INTx) and a thread that sleeps while nothing comes: InterruptVector.Unmask, and the host's side
   of it, InterruptEvents.FireLine or the kernel's VFIO. Our drivers use MSI-X; this is what Unmask promises to others.
   The line is asserted as long as there is a cause and it is enabled. The host masks it when it fires, and then signals
   the eventfd. The thread wakes up, acknowledges the cause, unmasks the line, and polls; finds nothing; enables the
   cause; looks again; sleeps. It may leave the cause enabled while it polls.
   Shown: it takes all frames. A thread that sleeps for ever over a frame is a deadlock, which spin reports.
   A cause that is set while it is not enabled waits. That or the second look is enough, as in sleep-ixgbe: NO_LATCH is
   a device that sets none, as virtio's.
   variants: NO_LATCH NO_SECOND_LOOK
   broken: NO_LATCH,NO_SECOND_LOOK NO_UNMASK UNMASK_WITHOUT_LOOK CAUSE_FIRST DRAIN_BEFORE_SLEEP
   broken: ACKNOWLEDGE_AFTER_POLL,NO_SECOND_LOOK */
#define FRAMES 4

byte done = 0;          /* descriptors that are finished */
bool cause = false;
bool wanted = false;    /* the cause is enabled */
bool masked = false;    /* by the host */
bit event = 0;          /* the eventfd */
byte taken = 0;

#define line (cause && wanted)

#ifdef UNMASK_WITHOUT_LOOK
/* Whether the line has risen while it was not masked, and not fallen since. */
bool rose = false;
#define fires rose
#define set(what, value) \
    atomic { before = line; what = value; rose = line && (rose || !before && !masked) }
#else
#define fires (line && !masked)
#define set(what, value) what = value
#endif

active proctype Device()
{
    byte sent = 0;
    bool before;
    do
    :: sent < FRAMES ->
#ifndef CAUSE_FIRST
        done++;
#endif
#ifdef NO_LATCH
        atomic { if :: wanted -> set(cause, true) :: else fi };
#else
        set(cause, true);
#endif
#ifdef CAUSE_FIRST
        done++;
#endif
        sent++
    :: else -> break
    od
}

active proctype Host()
{
end:
    do
    :: atomic {
            fires -> masked = true;
#ifdef UNMASK_WITHOUT_LOOK
            rose = false
#endif
        };
        event = 1
    od
}

active proctype Driver()
{
    bool before;
    do
    :: taken = done;
        if :: taken == FRAMES -> break :: else fi;
#ifdef ACKNOWLEDGE_AFTER_POLL
        set(cause, false);
#endif
        set(wanted, true);
        if
#ifndef NO_SECOND_LOOK
        :: done != taken -> skip
#endif
        :: else ->
#ifdef DRAIN_BEFORE_SLEEP
            event = 0;
#endif
            /* Sleeps until the eventfd is readable, and reads it. */
            atomic { event == 1; event = 0 };
            if :: set(wanted, false) :: true fi;
#ifndef ACKNOWLEDGE_AFTER_POLL
            set(cause, false);
#endif
#ifndef NO_UNMASK
            masked = false
#endif
        fi
    od;
    assert(taken == FRAMES)
}
