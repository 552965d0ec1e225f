using System.Numerics;

namespace Ixy;

// Range checks of the options.
public sealed partial record NetworkDeviceOptions
{
    /// <summary>Throws if an option is out of its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is; the message names the option and its range.</exception>
    public void Validate()
    {
        Check(ReceiveQueues is >= 1 and <= 64, nameof(ReceiveQueues), ReceiveQueues, "1 to 64 receive queues");
        Check(TransmitQueues is >= 1 and <= 64, nameof(TransmitQueues), TransmitQueues, "1 to 64 transmit queues");
        Check(BitOperations.IsPow2(RingSize) && RingSize is >= 64 and <= 4096, nameof(RingSize), RingSize,
            "a ring size that is a power of two from 64 to 4096");
        Check(MaxFrameSize is >= 64 and <= 15864, nameof(MaxFrameSize), MaxFrameSize,
            "a maximum frame size of 64 to 15864 bytes");
        // With a VLAN tag and the FCS that is 15.5 KB, the longest frame of an 82599 (7.2.3.2.4).
        int buffer = EffectiveBufferSize;
        Check(buffer is >= 1024 and <= 16384 && buffer % 1024 == 0, nameof(BufferSize), buffer,
            "a buffer size that is a multiple of 1024 up to 16384");
        Check(EffectivePoolSize >= 2 * RingSize && EffectivePoolSize <= 1 << 20, nameof(PoolSize), EffectivePoolSize,
            $"a pool of at least twice the ring size ({2 * RingSize}) and at most 1048576 buffers");
        Rss?.Validate(ReceiveQueues);
        Check((Offloads & ~Offloads.All) == 0, nameof(Offloads), (int)Offloads, $"offloads out of {Offloads.All}");
        Check(InterruptInterval >= TimeSpan.Zero
            && InterruptInterval <= TimeSpan.FromMicroseconds(1046), nameof(InterruptInterval),
            (int)Math.Clamp(InterruptInterval.TotalMicroseconds, int.MinValue, int.MaxValue),
            "an interrupt interval of 0 to 1046 µs");
    }

    private static void Check(bool valid, string option, int value, string expected)
    {
        if (!valid) throw new ArgumentOutOfRangeException(option, $"{value} is out of range: expected {expected}");
    }
}
