namespace Ixy.Vm.Tests.Rig;

/// <summary>What a command in a guest came to.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Error)
{
    /// <summary>The exit code of what a signal ended, as shells have it.</summary>
    internal const int Killed = 128 + 9;

    /// <summary>Asserts that it ended with 0; its standard output.</summary>
    internal string Succeeded()
    {
        Assert.True(ExitCode == 0, ToString());
        return Output;
    }

    public override string ToString() => $"exit code {ExitCode}; standard output: {Output}; standard error: {Error}";
}
