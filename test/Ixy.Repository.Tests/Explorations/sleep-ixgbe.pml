/* A receive queue of the 82599 and a thread that sleeps while nothing comes: QueueWaiter with IxgbeReceiveQueue.Arm.
   The card writes a descriptor, then its message. The thread polls; finds nothing; enables the cause; looks again;
   sleeps. Shown: it takes all frames. A thread that sleeps for ever over a frame is a deadlock, which spin reports.
   A cause that is set while it is masked waits. That or the second look is enough; without both a frame is slept over.
   variants: NO_LATCH NO_SECOND_LOOK
   broken: NO_LATCH,NO_SECOND_LOOK MESSAGE_FIRST DRAIN_BEFORE_SLEEP */
#define FRAMES 4

byte done = 0;       /* descriptors with DD */
bool cause = false;  /* EICR */
bool unmasked = false;/* EIMS; a message clears it (EIAM) and the cause (EIAC) */
bit event = 0;       /* the eventfd of the vector: messages add up to one */
byte taken = 0;

inline send() { event = 1; cause = false; unmasked = false }

/* 7.3.1.4: a cause is set while it is masked, too. */
inline raise()
{
    atomic {
#ifdef NO_LATCH
        if :: unmasked -> send() :: else fi
#else
        cause = true;
        if :: unmasked -> send() :: else fi
#endif
    }
}

active proctype Card()
{
    byte sent = 0;
    do
    :: sent < FRAMES ->
#ifdef MESSAGE_FIRST
        raise(); done++;
#else
        done++; raise();
#endif
        sent++
    :: else -> break
    od
}

inline poll() { taken = done }

active proctype Driver()
{
    do
    :: taken == FRAMES -> break
    :: else ->
        poll();
        if
        :: taken == FRAMES -> break
        :: else
        fi;
        /* EIMS. With GPIE.PBA_support a cause that waits sends its message as soon as it is enabled. */
        atomic { unmasked = true; if :: cause -> send() :: else fi };
        if
#ifndef NO_SECOND_LOOK
        :: done != taken -> skip
#endif
        :: else ->
#ifdef DRAIN_BEFORE_SLEEP
            event = 0;
#endif
            /* Sleeps until the eventfd is readable, and reads it. */
            atomic { event == 1; event = 0 }
        fi
    od;
    assert(taken == FRAMES)
}
