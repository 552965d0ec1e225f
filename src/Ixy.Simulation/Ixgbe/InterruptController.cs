namespace Ixy.Simulation.Ixgbe;

/// <summary>EICR, EICS, EIMS, EIMC, EIAC, EIAM, IVAR and EITR, and how they become MSI-X, MSI or INTx (datasheet 7.3, 8.2.3.5).</summary>
internal sealed class InterruptController
{
    internal InterruptController(IxgbeCard card) => _ = card;

    /// <summary>Packets were written back on a receive queue (0 to 127): sets the cause that IVAR gives it.</summary>
    internal void RaiseReceive(int queue) => _ = queue;

    /// <summary>Descriptors were written back on a transmit queue (0 to 127): sets the cause that IVAR gives it.</summary>
    internal void RaiseTransmit(int queue) => _ = queue;

    /// <summary>Sets cause bits of EICR other than the queues' (link change, mailbox, ECC, …).</summary>
    internal void RaiseCause(uint causes) => _ = causes;

    /// <summary>Sends what EITR held back until now.</summary>
    internal void Poll(long now) => _ = now;

    internal void Reset()
    {
    }
}
