namespace Ixy.Simulation.Ixgbe.Receive;

// Deliberately wrong reports.
internal sealed unsafe partial class CardReceiveQueue
{
    /// <summary>Falsifies one of the reports about to be written back, if the card has such a fault.</summary>
    internal void LieAboutOne()
    {
        const int LengthShift = 32;
        const ulong LengthMask = 0xFFFFul << LengthShift, Error = 1ul << 29;
        if (_reportCount == 0) return;
        ref ulong report = ref _reports[0].Second;
        if (_card.Faults.Strikes(CardFault.BadLength)) report |= LengthMask;
        if (_card.Faults.Strikes(CardFault.BadStatus)) report = report & ~(ulong)ReceiveDescriptor.EndOfPacket | Error;
    }
}
