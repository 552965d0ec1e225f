using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Receive;

/// <summary>SRRCTL.DESCTYPE (datasheet 8.2.3.8.7).</summary>
internal enum DescriptorType
{
    Legacy = 0,
    AdvancedOneBuffer = 1,
    HeaderSplit = 2,
    HeaderSplitAlways = 5,
}

/// <summary>A receive queue's registers, decoded when the queue is enabled (datasheet 8.2.3.8).</summary>
internal readonly struct ReceiveQueueSettings
{
    // SRRCTL (8.2.3.8.7)
    internal const uint BufferSizeMask = 0x1F, DescriptorTypeMask = 7;
    internal const int DescriptorTypeShift = 25;
    private const uint HeaderSizeMask = 0x3F, ThresholdMask = 7;
    private const int HeaderSizeShift = 8, HeaderSizeUnit = 64, ThresholdShift = 22, ThresholdUnit = 64;

    internal ReceiveQueueSettings(RegisterFile registers, int queue, uint ringAlignment)
    {
        Base = (registers[RDBAL, queue] & ~(ringAlignment - 1)) | (ulong)registers[RDBAH, queue] << 32;
        Count = (registers[RDLEN, queue] & 0xF_FF80) / ReceiveDescriptor.Length;
        Split = registers[SRRCTL, queue];
        uint size = Split & BufferSizeMask;
        // A size of zero means no buffer; the card behaves as after a reset.
        BufferSize = (size == 0 ? 2 : size) * SRRCTL_.SizeUnit;
        HeaderSize = (Split >> HeaderSizeShift & HeaderSizeMask) * HeaderSizeUnit;
        uint type = Split >> DescriptorTypeShift & DescriptorTypeMask;
        // The reserved types are a violation; they behave like one buffer.
        Type = type is 0 or 1 or 2 or 5 ? (DescriptorType)type : DescriptorType.AdvancedOneBuffer;
        LowDescriptors = (Split >> ThresholdShift & ThresholdMask) * ThresholdUnit;
        Coalesces = (registers[RSCCTL, queue] & RSCCTL_.Enable) != 0;
    }

    /// <summary>Address of descriptor 0.</summary>
    internal ulong Base { get; }

    /// <summary>Descriptors in the ring.</summary>
    internal uint Count { get; }

    /// <summary>The value of SRRCTL.</summary>
    internal uint Split { get; }

    /// <summary>Bytes of a packet buffer.</summary>
    internal uint BufferSize { get; }

    /// <summary>Bytes of a header buffer.</summary>
    internal uint HeaderSize { get; }

    internal DescriptorType Type { get; }

    /// <summary>
    /// An urgent interrupt says that only this many descriptors are free (SRRCTL.RDMTS); 0 for never.
    /// </summary>
    internal uint LowDescriptors { get; }

    /// <summary>RSCCTL.RSCEN. The card may then coalesce but need not; this one never does.</summary>
    internal bool Coalesces { get; }
}
