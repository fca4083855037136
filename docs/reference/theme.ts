/** TypeDoc's Markdown with what says something, and without what the signature says already. */
import type { DeclarationReflection } from "typedoc"
import { MarkdownTheme, MarkdownThemeContext } from "typedoc-plugin-markdown"

export class Concise extends MarkdownTheme {
  override getRenderContext(page: Parameters<MarkdownTheme["getRenderContext"]>[0]): MarkdownThemeContext {
    const context = new MarkdownThemeContext(this, page, this.application.options)
    const { partials } = context
    const nothing = () => ""
    // Its properties follow.
    const declarationTitle = (model: DeclarationReflection) => partials.declarationTitle(model).replace(/\bobject;/, "{ … };")
    context.partials = { ...partials, declarationTitle, signatureReturns: nothing, hierarchy: nothing, inheritance: nothing }
    return context
  }
}
