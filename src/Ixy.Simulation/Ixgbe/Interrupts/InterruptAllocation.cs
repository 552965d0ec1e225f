using static Ixy.Ixgbe.IxgbeFeatureRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Interrupts;

/// <summary>
/// IVAR and IVAR_MISC, decoded: the cause bit of every queue, and the vectors of TCP timer and other causes (datasheet
/// 7.3.4). With several MSI-X vectors, a queue's cause is its vector's bit, 0 to 63; otherwise it is one of EICR bits 0
/// to 15, and everything interrupts through vector 0.
/// </summary>
internal sealed class InterruptAllocation
{
    private const uint Valid = 0x80, VectorMask = 0x3F;
    private const int EicrQueueBits = 16;

    private readonly IxgbeCard _card;
    private readonly ulong[] _receive = new ulong[128], _transmit = new ulong[128];

    internal InterruptAllocation(IxgbeCard card) => _card = card;

    /// <summary>GPIE.Multiple_MSIX: each vector has its own causes.</summary>
    internal bool IsMultiple { get; private set; }

    /// <summary>Vector of the TCP timer, as a bit; 0 if none.</summary>
    internal ulong Timer { get; private set; }

    /// <summary>Vector of all other causes, as a bit; 0 if none.</summary>
    internal ulong Other { get; private set; }

    /// <summary>The cause set by a receive queue, as a bit; 0 if none.</summary>
    internal ulong Receive(int queue) => _receive[queue];

    /// <summary>The cause set by a transmit queue, as a bit; 0 if none.</summary>
    internal ulong Transmit(int queue) => _transmit[queue];

    /// <summary>Reads everything from the registers.</summary>
    internal void DecodeAll()
    {
        IsMultiple = (_card.Registers[GPIE] & GPIE_.MultipleMsix) != 0;
        for (int index = 0; index < IVAR.Count; index++) Decode(index);
        DecodeOther();
    }

    /// <summary>IVAR: receive and transmit of queue 2n, then of queue 2n + 1 (8.2.3.5.15).</summary>
    internal void Decode(int index)
    {
        uint value = _card.Registers[IVAR, index];
        _receive[2 * index] = Cause(value);
        _transmit[2 * index] = Cause(value >> 8);
        _receive[2 * index + 1] = Cause(value >> 16);
        _transmit[2 * index + 1] = Cause(value >> 24);
    }

    /// <summary>
    /// IVAR_MISC: TCP timer, then all others (8.2.3.5.16); without several vectors it is not used (7.3.4.1).
    /// </summary>
    internal void DecodeOther()
    {
        uint value = _card.Registers[IVAR_MISC];
        Timer = !IsMultiple ? 1 : Cause(value);
        Other = !IsMultiple ? 1 : Cause(value >> 8);
    }

    private ulong Cause(uint entry)
    {
        if ((entry & Valid) == 0) return 0;
        int bit = (int)(entry & VectorMask);
        return IsMultiple || bit < EicrQueueBits ? 1ul << bit : 0;
    }
}
