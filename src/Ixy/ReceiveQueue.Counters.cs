namespace Ixy;

public abstract partial class ReceiveQueue
{
    /// <summary>Packets given to the application since the device was opened.</summary>
    public abstract long Packets { get; }
}
